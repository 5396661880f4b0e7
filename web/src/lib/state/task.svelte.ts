// SPDX-License-Identifier: Apache-2.0
import { api, type Lab } from '../api';
import { asProblem, Problem } from '../problem';

/** The text of the lab an attempt is at. */
export class TaskText {
  lab = $state.raw<Lab | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** The attempt's own version is no longer shown: this is the one of now. */
  older = $state(false);

  async load(name: string, version: number): Promise<void> {
    try {
      this.lab = await this.find(name, version);
      this.older = this.lab.lab.version !== version;
      this.problem = null;
    } catch (thrown) {
      const problem = asProblem(thrown);
      this.problem =
        problem.kind === 'not_found'
          ? new Problem('not_found', 'The lab was taken out of the catalogue, and its task with it. The machine, the hints and the check are still yours.')
          : problem;
    }
  }

  private async find(name: string, version: number): Promise<Lab> {
    try {
      return await api.lab(name, version);
    } catch (thrown) {
      if (asProblem(thrown).kind !== 'not_found') throw thrown;
      return api.lab(name);
    }
  }
}
