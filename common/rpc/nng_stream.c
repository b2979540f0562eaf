/*
 * A connection that is closed in the middle of a message must still come to
 * its end.
 *
 * nng 1.5.2 reads a message in two steps, length and body, and writes a long one
 * in several. When its connection is closed between two steps (an answer finds
 * the peer gone while the next request arrives; a client is closed while an
 * answer arrives), the next step is refused without a word to whoever waits
 * for it: nng_aio_begin() fails, and no callback runs. nng's only thread that
 * frees connections then waits for that callback for ever: no connection of the
 * process is freed any more, and no nng_close() returns. Any caller with two
 * requests in flight could do that to the daemon by leaving.
 *
 * Programs of this project therefore have these two functions, which nng calls
 * instead of its own. They do the step, and where it was refused they run the
 * callback with NNG_ECLOSED. NNG_ECANCELED is the result of a refused step
 * alone: a step that began is ended by closing (NNG_ECLOSED) or by an error.
 * test_rpc_hostile and test_rpc_client hang without them.
 */
#include <dlfcn.h>
#include <nng/nng.h>
#include <stdatomic.h>

typedef void (*stream_step)(nng_stream *stream, nng_aio *aio);

typedef struct original {
    const char *name;
    _Atomic(stream_step) function; /* of nng; NULL until the first use */
} original;

static void run(original *o, nng_stream *stream, nng_aio *aio)
{
    stream_step function = atomic_load_explicit(&o->function, memory_order_relaxed);
    if (!function) {
        *(void **)&function = dlsym(RTLD_NEXT, o->name);
        atomic_store_explicit(&o->function, function, memory_order_relaxed);
    }
    function(stream, aio);
    if (nng_aio_result(aio) == NNG_ECANCELED)
        nng_aio_finish(aio, NNG_ECLOSED);
}

/* nng finds them in place of its own only when they can be seen. */
#pragma GCC visibility push(default)

void nng_stream_recv(nng_stream *stream, nng_aio *aio)
{
    static original nng = {.name = "nng_stream_recv"};
    run(&nng, stream, aio);
}

void nng_stream_send(nng_stream *stream, nng_aio *aio)
{
    static original nng = {.name = "nng_stream_send"};
    run(&nng, stream, aio);
}

#pragma GCC visibility pop
