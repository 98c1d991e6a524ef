// hiredis: the Redis client library (asynchronous interface).
#pragma once
#include <sys/types.h>
#include <sys/time.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>

// The error that ended a connection; "" when it has none. A fixed array in C, a tuple of 128 in Swift.
static inline const char *chiredis_error(const redisAsyncContext *c) { return c->c.err ? c->c.errstr : ""; }
