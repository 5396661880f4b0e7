// SPDX-License-Identifier: Apache-2.0
#include "notifiers/webhook/webhook_tokens.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/described.h"
#include "base/error.h"
#include "notifiers/webhook/request.h"

namespace berth::notifiers::webhook {
namespace {

constexpr Seconds answer_limit{5};
constexpr Seconds known_for{30};
constexpr std::size_t threads = 4;
constexpr std::size_t most_questions = 64;
constexpr std::size_t most_known = 10'000;
constexpr std::size_t longest_holder = 256;

// The holder that an answer names; nothing for a token that is not known.
std::optional<std::string> read_answer(const Answer& answer) {
  if (answer.status == 403 || answer.status == 404) {
    return std::nullopt;
  }
  if (answer.status != 200) {
    throw Error(ErrorKind::unavailable, "it answers with status " + std::to_string(answer.status));
  }
  const boost::json::value json = parse_json(answer.body);
  const auto* holder = json.is_object() ? json.get_object().if_contains("holder") : nullptr;
  if (holder == nullptr || !holder->is_string() || holder->get_string().empty() ||
      holder->get_string().size() > longest_holder) {
    throw Error(ErrorKind::unavailable, "its answer has no \"holder\" of 1 to 256 bytes");
  }
  return std::string(holder->get_string());
}

bool is_printable(const std::string& token) {
  return !token.empty() &&
         std::ranges::all_of(token, [](unsigned char character) { return character >= 0x20 && character < 0x7f; });
}

}  // namespace

struct WebhookTokens::Question {
  explicit Question(const async::Executor& executor) : answered(executor) {}
  std::string hash;
  std::optional<std::string> holder;
  bool failed = false;
  bool over = false;
  async::Trigger answered;
};

WebhookTokens::WebhookTokens(Settings settings, const Clock& clock, async::TaskGroup& tasks, Log log)
    : settings_(std::move(settings)), clock_(clock), tasks_(tasks), log_(std::move(log)), pool_(threads) {}

async::Task<std::optional<std::string>> WebhookTokens::holder_of(std::string token) {
  if (!is_printable(token)) {
    co_return std::nullopt;  // it could not be written as JSON
  }
  const std::string hash = hash_token(Secret(token));
  if (const std::string* holder = find_known(hash)) {
    co_return *holder;
  }
  const auto pending = questions_.find(hash);
  std::shared_ptr<Question> question = pending == questions_.end() ? nullptr : pending->second;
  if (!question) {
    if (questions_.size() >= most_questions) {
      throw Error(ErrorKind::unavailable, "too many tokens are asked for at once");
    }
    question = std::make_shared<Question>(tasks_.executor());
    question->hash = hash;
    questions_[hash] = question;
    tasks_.spawn(ask(question, std::move(token)));
  }
  while (!question->over) {
    co_await question->answered.wait();
  }
  if (question->failed) {
    throw Error(ErrorKind::unavailable, "whether the token is known cannot be told now");
  }
  co_return question->holder;
}

async::Task<> WebhookTokens::ask(std::shared_ptr<Question> question, std::string token) {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  const Request request{
      .url = settings_.url,
      .headers = {Secret("Authorization: Bearer " + settings_.secret.reveal())},
      .body = print_json(boost::json::object{{"service", settings_.service}, {"token", std::move(token)}}),
      .ca_file = settings_.ca_file,
      .deadline = std::chrono::steady_clock::now() + answer_limit};
  try {
    if (const auto named = read_answer(co_await pool_.run<Answer>([request] { return post(request); }))) {
      // Its hash, so that whatever the name is, no holder's name begins with another's.
      question->holder = hash_token(Secret(*named)).substr(0, 32);
      remember(question->hash, *question->holder);
    }
    if (std::exchange(told_, false)) {
      log_("service " + settings_.service + ": the webhook of its tokens answers again");
    }
  } catch (const std::exception& error) {
    question->failed = true;
    note_fault(error.what());
  }
  question->over = true;
  questions_.erase(question->hash);
  question->answered.fire();
}

const std::string* WebhookTokens::find_known(const std::string& hash) {
  const auto found = known_.find(hash);
  if (found == known_.end()) {
    return nullptr;
  }
  const TimePoint now = clock_.now();
  if (now < found->second.since || now - found->second.since >= known_for) {
    known_.erase(found);
    return nullptr;
  }
  return &found->second.holder;
}

void WebhookTokens::remember(const std::string& hash, const std::string& holder) {
  const TimePoint now = clock_.now();
  if (known_.size() >= most_known) {
    std::erase_if(known_, [&](const auto& each) { return now - each.second.since >= known_for; });
  }
  if (known_.size() < most_known) {
    known_[hash] = {holder, now};
  }
}

void WebhookTokens::note_fault(const std::string& what) {
  if (!std::exchange(told_, true)) {
    log_("service " + settings_.service + ": the webhook of its tokens does not answer as it should: " + what);
  }
}

}  // namespace berth::notifiers::webhook
