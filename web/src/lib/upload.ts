// SPDX-License-Identifier: Apache-2.0
import { asProblem, Problem, problemFromText } from './problem';

export interface Upload {
  done: Promise<void>;
  cancel(): void;
}

/** PUT with progress, which only XMLHttpRequest can tell. `done` rejects with a Problem. */
export function upload(url: string, body: Blob, onProgress: (sent: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<void>((resolve, reject) => {
    request.open('PUT', url);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(problemFromText(request.status, request.responseText));
    };
    request.onerror = () => reject(asProblem(new TypeError()));
    request.onabort = () => reject(new Problem('conflict', 'Cancelled.'));
    request.send(body);
  });
  return { done, cancel: () => request.abort() };
}
