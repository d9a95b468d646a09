/*
 * Turns on two caches of the kernel that pyfuse3 has no word for: the targets of symbolic links, and the
 * listings of folders. It also puts the handler of `link_targets.c` in front of pyfuse3's. Nothing else.
 *
 * How. pyfuse3 calls two functions of libfuse where these caches are decided:
 *
 *     fuse_session_new   is given the file system's handlers; the handler `init` says what the kernel may do.
 *     fuse_reply_open    answers "open this folder", with a bit for "you may cache the listing".
 *
 * This library defines functions of the same names. `c_library.py` loads it with RTLD_GLOBAL before it
 * imports pyfuse3. When the dynamic linker then looks for the functions that pyfuse3 calls, it searches the
 * libraries that were loaded globally before those that pyfuse3 itself names, and so finds the functions
 * here. Each does its small part and calls the real one. It is what LD_PRELOAD does, for one process, and for
 * no program that the process starts.
 *
 * Why this is safe:
 *
 * - The real function is taken from the very library that pyfuse3 is linked with; `libfuse_function.h` says how.
 * - A pyfuse3 that has libfuse built in never comes here. Then everything is as without this library.
 * - No header of libfuse is included. The newer ones define fuse_session_new as a macro or an inline
 *   function, which cannot be defined once more; and what is needed is little. It is part of libfuse's ABI
 *   since 3.0, the same in libfuse3.so.3 and .so.4, and declared below.
 * - What is declared below is checked at run time, before anything is written: the protocol's version stands
 *   where it should, and the handle of a folder has our mark where it should. If not, nothing is changed.
 * - There is no thread, no lock and nothing to clean up. What is kept are addresses, the same for every mount
 *   in a process and for a process that was forked.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "libfuse_function.h"
#include "link_targets.h"

/* Only pointers to these are passed on. */
struct fuse_args;
struct fuse_session;
struct fuse_req;
struct libfuse_version;

/* The first members of `struct fuse_conn_info`: what the kernel offers, and what the file system wants. */
struct connection {
    uint32_t proto_major;
    uint32_t proto_minor;
    uint32_t max_write;
    uint32_t max_read;
    uint32_t max_readahead;
    uint32_t capable;
    uint32_t want;
};

#define FUSE_CAP_CACHE_SYMLINKS (1u << 23)

/* The first members of `struct fuse_file_info`. Where libfuse declares no padding, the compiler puts it. */
struct open_answer {
    int32_t flags;
    uint32_t writepage : 1;
    uint32_t direct_io : 1;
    uint32_t keep_cache : 1;
    uint32_t flush : 1;
    uint32_t nonseekable : 1;
    uint32_t flock_release : 1;
    uint32_t cache_readdir : 1;
    uint32_t other_bits : 25;
    uint32_t padding[2];
    uint64_t handle;
};

/* The first members of `struct fuse_lowlevel_ops`, which has some forty handlers. */
typedef void (*init_handler)(void *userdata, struct connection *connection);
struct handlers {
    init_handler init;
    void (*destroy_lookup_forget_getattr_setattr[5])(void);
    read_link_handler read_link;
};

/* How many handlers there may be; libfuse 3.17 has 44. */
#define MAX_HANDLERS 128

/* `kernel_caches.py` has the same three, and makes handles of folders with them. */
#define MARK_SHIFT 48
#define CACHE_MARK 0x6d63u             /* of a folder whose listing the kernel may cache: "mc" */
#define KEEP_BIT (UINT64_C(1) << 47) /* and what it has cached is still right */

/* `kernel_caches.py` has a sentence for each. */
enum state { NOT_CALLED, ON, KERNEL_HAS_NONE, OTHER_LIBFUSE };

static enum state state = NOT_CALLED;

EXPORTED int mcfs_library_version(void) { return LIBRARY_VERSION; }

EXPORTED int mcfs_kernel_caches_state(void) { return state; }

/* --- links: wanted when the connection is made */

static init_handler pyfuse3_init; /* one function of pyfuse3, whatever the mount */

static void init(void *userdata, struct connection *connection)
{
    if (pyfuse3_init != NULL)
        pyfuse3_init(userdata, connection);
    /* The kernel's offer of protocol 7, and nothing wanted that is not offered: else this is something else. */
    if (connection->proto_major != 7 || (connection->want & ~connection->capable) != 0) {
        state = OTHER_LIBFUSE;
    } else if ((connection->capable & FUSE_CAP_CACHE_SYMLINKS) == 0) {
        state = KERNEL_HAS_NONE; /* before Linux 4.20, which has brought both caches */
    } else {
        connection->want |= FUSE_CAP_CACHE_SYMLINKS;
        state = ON;
    }
}

/* The handlers, two of them ours. libfuse copies them, so they may stand on the caller's stack. */
static const void *with_our_handlers(const void *handlers, size_t size, void *copy, size_t room,
                                     void *return_address)
{
    struct handlers first;

    if (size < sizeof first || size > room) {
        state = OTHER_LIBFUSE;
        return handlers;
    }
    memcpy(copy, handlers, size);
    memcpy(&first, handlers, sizeof first);
    pyfuse3_init = first.init;
    first.init = init;
    first.read_link = with_our_read_link(first.read_link, return_address);
    memcpy(copy, &first, sizeof first);
    return copy;
}

EXPORTED struct fuse_session *fuse_session_new(struct fuse_args *args, const void *handlers,
                                               size_t size, void *userdata)
{
    struct fuse_session *(*real)(struct fuse_args *, const void *, size_t, void *) =
        real_function("fuse_session_new", __builtin_return_address(0));
    void *copy[MAX_HANDLERS];
    struct fuse_session *made;

    if (real == NULL)
        return NULL; /* pyfuse3 says that it failed */
    handlers = with_our_handlers(handlers, size, copy, sizeof copy, __builtin_return_address(0));
    made = real(args, handlers, size, userdata);
    read_links_of(made);
    return made;
}

/* What a program calls that was compiled with the headers of libfuse 3.17 or newer. */
EXPORTED struct fuse_session *fuse_session_new_versioned(struct fuse_args *args,
                                                         const void *handlers, size_t size,
                                                         struct libfuse_version *version,
                                                         void *userdata)
{
    struct fuse_session *(*real)(struct fuse_args *, const void *, size_t, struct libfuse_version *,
                                 void *) =
        real_function("fuse_session_new_versioned", __builtin_return_address(0));
    void *copy[MAX_HANDLERS];
    struct fuse_session *made;

    if (real == NULL)
        return NULL;
    handlers = with_our_handlers(handlers, size, copy, sizeof copy, __builtin_return_address(0));
    made = real(args, handlers, size, version, userdata);
    read_links_of(made);
    return made;
}

/* --- listings: allowed folder by folder, when one is opened */

typedef int (*reply_open)(struct fuse_req *, const void *);

EXPORTED int fuse_reply_open(struct fuse_req *request, const void *info)
{
    static reply_open real; /* found once: this is called at every open */
    /* pyfuse3 has this in memory of its own that it may write to; `const` is libfuse's promise to it. */
    struct open_answer *answer = (struct open_answer *)info;

    if (real == NULL)
        real = (reply_open)real_function("fuse_reply_open", __builtin_return_address(0));
    if (real == NULL)
        return -ENOSYS;
    /* The handle of an open file is a descriptor, a small number. */
    if (answer->handle >> MARK_SHIFT == CACHE_MARK) {
        answer->cache_readdir = 1;
        answer->keep_cache = (answer->handle & KEEP_BIT) != 0;
    }
    return real(request, info);
}

_Static_assert(offsetof(struct open_answer, handle) == 16, "as in libfuse");
_Static_assert(offsetof(struct connection, want) == 24, "as in libfuse");
