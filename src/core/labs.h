// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/access.h"
#include "core/lab_setup.h"

namespace berth::core {

// A version of a lab as somebody sees it.
struct ShownLab {
  Lab lab;
  bool solved = false;               // by the caller
  std::optional<Seconds> best;       // their shortest time
  std::optional<AttemptId> attempt;  // theirs that is not over
  std::optional<AttemptState> attempt_state;
};

struct LabPage {
  ShownLab shown;
  LabFiles files;             // for the caller: task.md and the texts of steps
  std::string note;           // what is being done, while preparing
  std::vector<Lab> versions;  // newest first; for its author
};

struct LabQuery {
  std::string words;  // each must be in the title, the summary, the tags or the name
  std::optional<std::string> tag;
  std::optional<LabDifficulty> difficulty;
  std::optional<std::string> cursor;  // the name of the last one of the page before
  std::size_t limit = 50;
};

// How many machines of a published lab are kept ready.
struct LabLimits {
  std::uint32_t least_ready = 1;
  std::uint32_t most_ready = 4;
};

// The use cases of the catalogue and of authors. Lives as long as the server; what is being prepared ends with `tasks`.
class Labs {
 public:
  struct Surroundings {
    Journal& journal;
    LabSetup& setup;
    ImageLibrary& library;
    Pools& pools;
    const Clock& clock;
    const std::vector<Plan>& plans;
    async::TaskGroup& tasks;
    LabLimits limits;
  };
  explicit Labs(const Surroundings& surroundings)
      : surroundings_(surroundings), untidy_(surroundings.tasks.executor()) {}

  // At start: gives up what was interrupted, keeps machines of what is published ready.
  async::Task<> open();
  // Removes the images of what is retired, once nobody uses them, until cancelled.
  async::Task<> run();
  async::Task<std::vector<ShownLab>> list(Caller caller, LabQuery query);
  // None: the published version, for those who may change it the newest. Throws Error{not_found}.
  async::Task<LabPage> find(Caller caller, std::string name, std::optional<std::uint32_t> version);
  // The next version, which is prepared behind. Throws Error{invalid_argument} with all faults of the package.
  async::Task<LabPage> upload(Caller caller, std::string name, LabPackage package);
  // A draft, in place of the version before.
  async::Task<LabPage> publish(Caller caller, std::string name, std::uint32_t version);
  // For good; attempts at it go on.
  async::Task<LabPage> retire(Caller caller, std::string name, std::uint32_t version);

 private:
  async::Task<> prepare(Lab lab, LabFiles files);
  async::Task<> keep_ready(Lab lab);
  void give_up(const Lab& lab);
  // Whether nothing is left to remove.
  async::Task<bool> tidy();
  async::Task<bool> remove_image(ImageName name);

  Surroundings surroundings_;
  std::map<LabId, std::string> notes_;  // of what is being prepared
  std::map<LabId, PoolSettings> kept_ready_;
  async::Trigger untidy_;  // something was retired
};

// Whether the caller may change, and try before it is published, what this author made.
bool may_change(const Caller& caller, const Lab& lab);
// The version that the caller may start or see, unless a competition hides it. Throws Error{not_found}.
Lab visible_lab(Transaction& transaction, const Caller& caller, const std::string& name,
                std::optional<std::uint32_t> version, TimePoint now);

}  // namespace berth::core
