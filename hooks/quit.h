// quit.h: SIGQUIT says who waits for whom before it ends the program.
//
// Layer:  hooks.
#pragma once

namespace weft::hooks {

/// If SIGQUIT has its default action: from now on it prints a report of all fibers to standard
/// error first. A handler that the program installs later replaces that. Source: what Go and the
/// JVM do.
void report_on_quit();

}  // namespace weft::hooks
