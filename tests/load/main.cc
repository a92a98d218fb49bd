// weft_load: a load generator that checks every byte it gets back.
//
//     weft_load --port 4242 --connections 10000 --seconds 2 --size 64 --pid "$server"
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

#include "tests/load/load.h"

namespace {

using weft::load::Options;
using weft::load::Protocol;
using weft::load::Report;

constexpr rlim_t kSpareDescriptors = 64;

// The usual soft limit is 1024; a clear message is better than EMFILE on connection 1020.
bool allow_descriptors(std::size_t connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= connections + kSpareDescriptors) return true;
  std::cerr << "weft_load: " << connections
            << " connections need more descriptors than the limit of " << limit.rlim_max
            << " (ulimit -Hn)\n";
  return false;
}

double microseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

void print(const Report& report, bool json) {
  const char* plain_format =
      "connections: %zu\nrequests: %lu\nseconds: %.3f\nrequests_per_s: %.0f\np50_us: %.1f\n"
      "p99_us: %.1f\nmax_us: %.1f\nerrors: %lu\nmismatches: %lu\nthreads: %ld\nrss_kib: %ld\n"
      "page_tables_kib: %ld\nserver_cpu_us: %.3f\n";
  const char* json_format =
      "{\"connections\": %zu, \"requests\": %lu, \"seconds\": %.3f, \"requests_per_s\": %.0f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"errors\": %lu, "
      "\"mismatches\": %lu, \"threads\": %ld, \"rss_kib\": %ld, \"page_tables_kib\": %ld, "
      "\"server_cpu_us\": %.3f}\n";
  const auto& latency = report.latency;
  // Of a request.
  const double server_cpu_us = latency.total() > 0
                                   ? static_cast<double>(report.server_cpu.count()) / 1e3 /
                                         static_cast<double>(latency.total())
                                   : 0;
  const double rate =
      report.seconds > 0 ? static_cast<double>(latency.total()) / report.seconds : 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  std::printf(json ? json_format : plain_format, report.opened, latency.total(), report.seconds,
              rate, microseconds(latency.quantile(0.50)), microseconds(latency.quantile(0.99)),
              microseconds(latency.max()), report.errors, report.mismatches, report.server.threads,
              report.server.rss_kib, report.server.page_tables_kib, server_cpu_us);
#pragma GCC diagnostic pop
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  double seconds = 1;
  bool json = false;
  CLI::App app(
      "Loads a server on 127.0.0.1 and checks every byte of its replies.\n"
      "Exit status: 0 if all was right, 1 after any error or wrong byte, 2 for bad options.");
  app.add_option("--port", options.port, "port of the server")->required();
  app.add_option("--connections", options.connections, "connections open at the same time")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--seconds", seconds, "how long to measure")->check(CLI::Range(0.01, 3600.0));
  app.add_option("--rate", options.rate,
                 "requests per second over all connections; without it, as many as are answered")
      ->check(CLI::Range(0.01, 10e6));
  app.add_option("--size", options.size, "bytes of a message or value")
      ->check(CLI::Range(1, 64 << 20));
  const std::map<std::string, Protocol> protocols{{"echo", Protocol::kEcho},
                                                  {"memcached", Protocol::kMemcached}};
  app.add_option("--protocol", options.protocol, "echo or memcached")
      ->transform(CLI::CheckedTransformer(protocols));
  app.add_option(
      "--pid", options.pid,
      "server's process, to report its threads, its memory and its CPU time for a request");
  app.add_flag("--json", json, "one line of JSON instead of plain lines");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // --help is no mistake; the rest is one of usage
  }

  options.duration = std::chrono::duration<double>(seconds);
  if (!allow_descriptors(options.connections)) return 1;
  const Report report = weft::load::Load(options).run();
  print(report, json);
  if (report.good()) return 0;
  std::cerr << "weft_load: " << report.first_problem << "\n";
  return 1;
}
