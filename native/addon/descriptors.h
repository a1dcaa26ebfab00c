// Internal to native/addon: descriptors for another program, in a child process or in this one.
#pragma once

#include <napi.h>

namespace dcp {

// Adds to the exports (src/evaluator/native.ts is their typed mirror):
//
// socketPair(): the two descriptors of a pair of UNIX stream sockets. Neither is inherited.
// sendSocket(channel, socket, number): hands a socket over to the process on the other side of a
// UNIX socket, with a number. False: it takes none now.
// receiveSocket(channel): the number and the socket, -1 where it could not be taken; null when
// there is none now. haveLeft(sockets): whether the other side of each has closed. Nothing is read,
// and what is unread does not matter. hasReader(fd): whether anybody may still read what is written
// on a pipe or a socket. become(words, variables, kept): this process becomes the
// program words[0], with these descriptors besides the standard ones. Throws when it cannot.
// closeDescriptor(fd): one of them; Node's own `close` warns of descriptors it did not open.
void DefineDescriptors(Napi::Env env, Napi::Object exports);

}  // namespace dcp
