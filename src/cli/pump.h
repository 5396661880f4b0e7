// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/descriptor.h"

namespace berth::cli {

// A flag that poll() can wait for.
class Wake {
 public:
  Wake();
  void set();
  // Waits until the descriptor is ready for `events`, or the flag is set: then false.
  bool wait(int descriptor, short events) const;

 private:
  Descriptor event_;
};

// Reads a descriptor on a thread of its own, one piece for each call of more(). It never makes the descriptor
// non-blocking, since others share it. Destroying it stops the thread.
class InputPump {
 public:
  static constexpr std::size_t piece = 16 * 1024;

  // `deliver` runs on the pump's thread; an empty piece is the end of the input.
  InputPump(int descriptor, std::function<void(std::string)> deliver);
  ~InputPump();
  InputPump(const InputPump&) = delete;
  InputPump& operator=(const InputPump&) = delete;

  void more();

 private:
  void run();

  int descriptor_;
  std::function<void(std::string)> deliver_;
  Wake stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

// Writes to two descriptors, in order, on a thread of its own, so that a slow reader holds up nothing else. Destroying
// it drops what was not written.
class OutputPump {
 public:
  // `wrote` runs on the pump's thread after each piece; false: the reader of that descriptor has gone away.
  explicit OutputPump(std::function<void(std::size_t count, bool ok)> wrote);
  ~OutputPump();
  OutputPump(const OutputPump&) = delete;
  OutputPump& operator=(const OutputPump&) = delete;

  void push(int descriptor, std::string bytes);
  // In its turn like the rest, but neither counted nor missed.
  void push_note(int descriptor, std::string note);

 private:
  struct Item {
    int descriptor;
    std::string bytes;
    bool is_note;
  };

  void add(Item item);
  void run();
  bool write(int descriptor, const std::string& bytes);

  std::function<void(std::size_t, bool)> wrote_;
  Wake stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace berth::cli
