// Runs something on a thread of each kind that an evaluator has, and waits for it.
#pragma once

#include <uv.h>

#include <v8.h>

namespace attempts {

using Work = void (*)();

// All false: it has not run within five seconds.
bool OnLibuvPool(uv_loop_t* loop, Work work);
bool OnV8Platform(v8::Isolate* isolate, Work work);
// Any thread of this process by its number: the handler of a signal runs there, whatever the thread
// does.
bool OnThread(int thread, Work work);

}  // namespace attempts
