// SPDX-License-Identifier: Apache-2.0
#include "core/labs.h"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <cctype>
#include <set>
#include <sstream>
#include <utility>

#include "async/cancelled.h"
#include "async/time_limit.h"
#include "base/error.h"
#include "core/competition_rules.h"
#include "core/invitation_rules.h"
#include "core/plain_text.h"

namespace berth::core {
namespace {

using enum LabState;

constexpr Milliseconds tidy_again{60'000};
constexpr Milliseconds tidy_soon{2000};

[[noreturn]] void no_such_lab(const std::string& name) {
  throw Error(ErrorKind::not_found, "there is no lab '" + name.substr(0, 64) + "'");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
  return text;
}

bool matches(const Lab& lab, const LabQuery& query) {
  const LabManifest& manifest = lab.manifest;
  if (query.difficulty && manifest.difficulty != *query.difficulty) {
    return false;
  }
  if (query.tag && std::ranges::find(manifest.tags, *query.tag) == manifest.tags.end()) {
    return false;
  }
  std::string text = lab.name + "\n" + manifest.title + "\n" + manifest.summary;
  for (const std::string& tag : manifest.tags) {
    text += "\n" + tag;
  }
  text = lower(std::move(text));
  std::istringstream words(lower(query.words));
  for (std::string word; words >> word;) {
    if (!text.contains(word)) {
      return false;
    }
  }
  return true;
}

// What of the caller's attempts belongs on the lab.
ShownLab shown(Lab lab, const std::vector<Attempt>& attempts) {
  ShownLab shown{.lab = std::move(lab), .solved = false, .best = {}, .attempt = {}, .attempt_state = {}};
  for (const Attempt& attempt : attempts) {
    if (attempt.lab_name != shown.lab.name) {
      continue;
    }
    if (!is_over(attempt.state)) {
      shown.attempt = attempt.id;
      shown.attempt_state = attempt.state;
    }
    if (const auto taken = time_taken(attempt)) {
      shown.solved = true;
      shown.best = std::min(shown.best.value_or(*taken), *taken);
    }
  }
  return shown;
}

// The one of each name that the caller is to see, from a list by name and newest first.
std::vector<Lab> choose(const Caller& caller, const std::set<std::string>& hidden, std::vector<Lab> all) {
  std::vector<Lab> chosen;
  for (Lab& lab : all) {
    if ((lab.state != published || hidden.contains(lab.name)) && !may_change(caller, lab)) {
      continue;
    }
    if (chosen.empty() || chosen.back().name != lab.name) {
      chosen.push_back(std::move(lab));
    } else if (lab.state == published) {
      chosen.back() = std::move(lab);
    }
  }
  return chosen;
}

void note(Transaction& transaction, const Lab& lab, EventType type, TimePoint now, const std::string& what) {
  const bool everybodys = type == EventType::lab_published || type == EventType::lab_retired;
  transaction.append_event(Event{.type = type,
                                 .at = now,
                                 .account = everybodys ? std::nullopt : std::optional(lab.author),
                                 .instance = {},
                                 .image = {},
                                 .detail = "lab " + lab.name + " version " + std::to_string(lab.version) + " " + what});
}

Lab changeable_lab(Transaction& transaction, const Caller& caller, const std::string& name, std::uint32_t version,
                   TimePoint now) {
  Lab lab = visible_lab(transaction, caller, name, version, now);
  if (!may_change(caller, lab)) {
    throw Error(ErrorKind::forbidden, "this lab is somebody else's");
  }
  return lab;
}

// A version that was retired is still the task of who began it.
bool has_tried(Transaction& transaction, const Caller& caller, const Lab& lab) {
  const auto tries = transaction.list_attempts(
      {.account = caller.account.id, .lab_name = lab.name, .states = {}, .before = {}, .limit = 0});
  return std::ranges::find(tries, lab.id, &Attempt::lab) != tries.end();
}

bool is_text(const std::string& file) { return file.ends_with(".md"); }

}  // namespace

bool may_change(const Caller& caller, const Lab& lab) {
  return caller.scopes.contains(Scope::labs_write) && may_touch(caller, lab.author);
}

Lab visible_lab(Transaction& transaction, const Caller& caller, const std::string& name,
                std::optional<std::uint32_t> version, TimePoint now) {
  if (!may_meet(transaction, caller, name)) {
    no_such_lab(name);
  }
  const bool is_hidden = hidden_labs(transaction, caller.account.id, now).contains(name);
  for (Lab& lab : transaction.list_labs({.name = name, .states = {}})) {
    const bool asked = version ? lab.version == *version : lab.state == published;
    const bool offered = lab.state == published && !is_hidden;
    if (asked && (offered || may_change(caller, lab) || has_tried(transaction, caller, lab))) {
      return std::move(lab);
    }
  }
  no_such_lab(name);
}

async::Task<> Labs::open() {
  const std::vector<Lab> known = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    std::vector<Lab> labs = transaction.list_labs({.name = {}, .states = {published, preparing}});
    for (Lab& lab : labs) {
      if (lab.state == preparing) {
        lab.state = failed;
        lab.reason = "it was interrupted; upload it again";
        transaction.put_lab(lab);
      }
    }
    return labs;
  });
  for (const Lab& lab : known) {
    if (lab.state == published) {
      co_await keep_ready(lab);
    }
  }
}

// Machines of one lab need a network of their own, so only those that are alone can wait for whoever comes.
async::Task<> Labs::keep_ready(Lab lab) {
  if (surroundings_.limits.most_ready == 0 || machines_of(lab.manifest).size() > 1) {
    co_return;
  }
  const auto contents = co_await surroundings_.journal.transact(
      [&](Transaction& transaction) { return transaction.find_lab_contents(lab.id); });
  const PoolSettings pool{
      .image = image_of(lab, machines_of(lab.manifest).front()),
      .plan = lab.plan,
      .launch = launch_of(contents ? contents->files : LabFiles{}, machines_of(lab.manifest).front()),
      .least = surroundings_.limits.least_ready,
      .most = surroundings_.limits.most_ready};
  surroundings_.pools.add(pool);
  kept_ready_[lab.id] = pool;
}

async::Task<std::vector<ShownLab>> Labs::list(Caller caller, LabQuery query) {
  require(caller, Scope::instances_read);
  co_return co_await surroundings_.journal.transact([&](Transaction& transaction) {
    const auto attempts = transaction.list_attempts(
        {.account = caller.account.id, .lab_name = {}, .states = {}, .before = {}, .limit = 0});
    std::vector<ShownLab> page;
    const auto hidden = hidden_labs(transaction, caller.account.id, surroundings_.clock.now());
    for (Lab& lab :
         choose(caller, hidden, transaction.list_labs({.name = {}, .states = {published, draft, preparing, failed}}))) {
      const bool behind = query.cursor && lab.name <= *query.cursor;
      if (!behind && page.size() < query.limit && matches(lab, query) && may_meet(transaction, caller, lab.name)) {
        page.push_back(shown(std::move(lab), attempts));
      }
    }
    return page;
  });
}

async::Task<LabPage> Labs::find(Caller caller, std::string name, std::optional<std::uint32_t> version) {
  require(caller, Scope::instances_read);
  LabPage page = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    std::vector<Lab> versions = transaction.list_labs({.name = name, .states = {}});
    const bool changes = !versions.empty() && may_change(caller, versions.front());
    Lab lab = visible_lab(transaction, caller, name, !version && changes ? versions.front().version : version,
                          surroundings_.clock.now());
    auto contents = transaction.find_lab_contents(lab.id);
    const auto attempts = transaction.list_attempts(
        {.account = caller.account.id, .lab_name = name, .states = {}, .before = {}, .limit = 0});
    LabPage found{.shown = shown(std::move(lab), attempts), .files = {}, .note = {}, .versions = {}};
    found.files = contents ? std::move(contents->files) : LabFiles{};
    std::erase_if(found.files, [](const auto& file) { return !is_text(file.first); });
    if (changes) {
      found.versions = std::move(versions);
    }
    return found;
  });
  if (const auto what = notes_.find(page.shown.lab.id); what != notes_.end()) {
    page.note = what->second;
  }
  co_return page;
}

async::Task<LabPage> Labs::upload(Caller caller, std::string name, LabPackage package) {
  require(caller, Scope::labs_write);
  if (const auto faults = faults_of(name, package, surroundings_.plans); !faults.empty()) {
    throw Error(ErrorKind::invalid_argument, boost::algorithm::join(faults, "; "), "manifest");
  }
  const TimePoint now = surroundings_.clock.now();
  Lab lab{.name = name, .author = caller.account.id, .manifest = package.manifest, .created_at = now};
  lab.plan = *std::ranges::find_if(surroundings_.plans, [&](const Plan& plan) {
    return lab.manifest.plan.empty() || plan.name == lab.manifest.plan;
  });
  lab.plan.lifetime = lab.plan.longest_lifetime = Seconds{60} * lab.manifest.minutes;
  lab.plan.grace = lab.manifest.resumable ? std::chrono::days{lab.manifest.keep.unused_days} : Seconds{0};
  lab.plan.egress = lab.manifest.egress;
  lab.plan.ssh = lab.plan.ssh && lab.manifest.ssh;
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    const auto earlier = transaction.list_labs({.name = name, .states = {}});
    if (!earlier.empty() && !may_change(caller, earlier.front())) {
      throw Error(ErrorKind::conflict, "a lab of this name is somebody else's; choose another name", "name");
    }
    if (std::ranges::find(earlier, preparing, &Lab::state) != earlier.end()) {
      throw Error(ErrorKind::conflict, "a version of this lab is being prepared; wait until that is done");
    }
    lab.version = earlier.empty() ? 1 : earlier.front().version + 1;
    lab.id = lab_id(name, lab.version);
    transaction.put_lab(lab);
    transaction.put_lab_contents({.lab = lab.id, .files = package.files});
  });
  notes_[lab.id] = "waiting";
  surroundings_.tasks.spawn(prepare(lab, std::move(package.files)));
  co_return co_await find(std::move(caller), std::move(name), lab.version);
}

async::Task<> Labs::prepare(Lab lab, LabFiles files) {
  std::string reason;
  std::exception_ptr fault;
  try {
    co_await surroundings_.setup.prepare(lab, std::move(files),
                                         [&](std::string what) { notes_[lab.id] = std::move(what); });
  } catch (const Error& error) {
    fault = std::current_exception();
    reason = error.what();
  } catch (...) {
    fault = std::current_exception();
    reason = async::describe_fault(fault);
  }
  notes_.erase(lab.id);
  if (fault && async::is_cancellation(fault)) {
    std::rethrow_exception(fault);  // the next start gives it up
  }
  co_await surroundings_.journal.transact([&](Transaction& transaction) {
    lab.state = fault ? failed : draft;
    if (fault) {
      lab.reason = plain_text(reason);
    }
    transaction.put_lab(lab);
    note(transaction, lab, fault ? EventType::lab_failed : EventType::lab_ready, surroundings_.clock.now(),
         fault ? "could not be prepared: " + *lab.reason : "is ready to be tried");
  });
}

async::Task<LabPage> Labs::publish(Caller caller, std::string name, std::uint32_t version) {
  require(caller, Scope::labs_write);
  std::optional<Lab> before;
  const Lab lab = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Lab wanted = changeable_lab(transaction, caller, name, version, surroundings_.clock.now());
    if (wanted.state != draft) {
      throw Error(ErrorKind::conflict, wanted.state == published   ? "this version is published"
                                       : wanted.state == preparing ? "this version is still being prepared"
                                       : wanted.state == retired   ? "this version is retired; upload it again"
                                                                   : "this version could not be prepared");
    }
    for (Lab& other : transaction.list_labs({.name = name, .states = {published}})) {
      other.state = retired;
      transaction.put_lab(other);
      before = other;
    }
    wanted.state = published;
    transaction.put_lab(wanted);
    note(transaction, wanted, EventType::lab_published, surroundings_.clock.now(), "is in the catalogue");
    return wanted;
  });
  if (before) {
    give_up(*before);
  }
  co_await keep_ready(lab);
  co_return co_await find(std::move(caller), std::move(name), version);
}

async::Task<LabPage> Labs::retire(Caller caller, std::string name, std::uint32_t version) {
  require(caller, Scope::labs_write);
  const Lab lab = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    Lab wanted = changeable_lab(transaction, caller, name, version, surroundings_.clock.now());
    if (wanted.state == preparing) {
      throw Error(ErrorKind::conflict, "this version is still being prepared");
    }
    if (wanted.state != retired) {
      wanted.state = retired;
      transaction.put_lab(wanted);
      note(transaction, wanted, EventType::lab_retired, surroundings_.clock.now(), "was taken out of the catalogue");
    }
    return wanted;
  });
  give_up(lab);
  co_return co_await find(std::move(caller), std::move(name), version);
}

// Nothing is kept ready of it any more.
void Labs::give_up(const Lab& lab) {
  if (const auto pool = kept_ready_.extract(lab.id)) {
    surroundings_.pools.remove(pool.mapped());
  }
  untidy_.fire();
}

async::Task<> Labs::run() {
  for (;;) {
    const unsigned long seen = untidy_.count();
    const bool done = co_await tidy();
    co_await async::finishes_within(untidy_.wait_beyond(seen), done ? tidy_again : tidy_soon);
  }
}

async::Task<bool> Labs::tidy() {
  const std::vector<ImageName> unused = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    std::set<LabId> in_use;
    for (const Attempt& attempt : transaction.list_attempts(
             {.account = {}, .lab_name = {}, .states = states_under_way(), .before = {}, .limit = 0})) {
      in_use.insert(attempt.lab);
    }
    std::vector<ImageName> images;
    for (const Lab& lab : transaction.list_labs({.name = {}, .states = {retired, failed}})) {
      for (const std::string& machine : machines_of(lab.manifest)) {
        if (!in_use.contains(lab.id) && transaction.find_image(image_of(lab, machine))) {
          images.push_back(image_of(lab, machine));
        }
      }
    }
    return images;
  });
  bool done = true;
  for (const ImageName& name : unused) {
    done = co_await remove_image(name) && done;
  }
  co_return done;
}

async::Task<bool> Labs::remove_image(ImageName name) {
  try {
    co_await surroundings_.library.remove(name);
  } catch (const Error&) {
    co_return false;  // a machine is still being taken down
  }
  co_await surroundings_.journal.transact([&](Transaction& transaction) { transaction.remove_image(name); });
  co_return true;
}

}  // namespace berth::core
