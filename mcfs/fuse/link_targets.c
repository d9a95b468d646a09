/*
 * Answers the kernel's requests for the targets of links, where the answer is known already.
 *
 * A cold `ls -l` asks for the target of every link, one after the other, and each time Python takes several
 * times as long as the kernel. So `link_targets.py` hands over the targets of a whole range of a listing once
 * somebody has begun to read them. libfuse is given a handler of our own instead of pyfuse3's
 * (`kernel_caches.c` says how). It answers from that table, and gives every other request to pyfuse3's handler
 * as it came. Having answered, it looks for the next request itself, for some microseconds, since most of what
 * is left of a request's cost is the way through pyfuse3's and trio's loops.
 *
 * (The kernel could be given the targets before it asks, by FUSE_NOTIFY_STORE. But it takes them for regular
 * files only: Linux 6.18 answers EINVAL for a link.)
 *
 * Why this is safe:
 *
 * - There is no thread and no lock. libfuse calls the handler in the thread in which pyfuse3 calls libfuse, and
 *   that is the thread that fills and empties the table.
 * - pyfuse3 receives one request, has libfuse call the handler, and then awaits what the handler has left to be
 *   done. Where only our handler was called, nothing is left. Where the next request is another one, libfuse
 *   calls pyfuse3's handler for it within ours, and ours returns at once: what that has left is awaited. So
 *   there is never more than one thing left, as if pyfuse3 had received that request first.
 * - pyfuse3's handlers copy what they need of a request before they return, so the buffer can be used again.
 * - Errors of receiving are left to pyfuse3, which then gets the same when it receives itself.
 * - The table is emptied before the kernel is told that a target has changed (`invalidation.py`). So the old
 *   target is never given after that.
 */

#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libfuse_function.h"
#include "link_targets.h"

#define MOST_TARGETS 1024
#define MOST_IN_A_ROW 64 /* then other tasks of the mount have their turn */
#define LOOKS 40         /* for the next request: some 20 microseconds, in which a program asks again */

static read_link_handler pyfuse3_handler;
static int (*reply_target)(struct fuse_req *, const char *);

static struct fuse_session *session; /* a process has one mount */
static int (*receive)(struct fuse_session *, void *);
static void (*process)(struct fuse_session *, const void *);
static int (*session_descriptor)(struct fuse_session *);
static int was_answered; /* the request that was received last, from the table */
static int in_a_row;     /* whether that was received here */

static char *table; /* the inodes, and then the targets, each ended by a zero byte */
static const char *targets[MOST_TARGETS];
static uint64_t count, expected, answered;

/* How many requests were answered here, since the process began. */
EXPORTED uint64_t mcfs_link_targets_answered(void) { return answered; }

/* Replace the table, by so many entries; 0 empties it. */
EXPORTED void mcfs_link_targets_keep(uint64_t new_count, const char *bytes, uint64_t length)
{
    const char *next;
    uint64_t index;

    free(table);
    table = NULL;
    count = expected = 0;
    if (new_count == 0 || new_count > MOST_TARGETS)
        return;
    table = malloc(length + 1);
    if (table == NULL)
        return;
    memcpy(table, bytes, length);
    table[length] = '\0';
    next = table + 8 * new_count;
    for (index = 0; index < new_count; index++) {
        targets[index] = next;
        next += strlen(next) + 1;
    }
    count = new_count;
}

static uint64_t inode_at(uint64_t index)
{
    uint64_t inode;

    memcpy(&inode, table + 8 * index, sizeof inode);
    return inode;
}

/* Answer this request, if the table has the target; whether it had. */
static int answer(struct fuse_req *request, uint64_t inode)
{
    uint64_t tried, index = expected;

    /* Mostly they are asked for in the order of the listing. */
    for (tried = 0; tried < count; tried++, index++) {
        if (index >= count)
            index = 0;
        if (inode_at(index) == inode) {
            expected = index + 1;
            answered++;
            reply_target(request, targets[index]);
            return 1;
        }
    }
    return 0;
}

static int next_arrives(void)
{
    struct pollfd ready = {.fd = session_descriptor(session), .events = POLLIN};
    int looks;

    for (looks = 0; looks < LOOKS; looks++) {
        if (poll(&ready, 1, 0) != 0)
            return ready.revents == POLLIN;
        sched_yield(); /* the program that asks may wait for this very processor */
    }
    return 0;
}

static void answer_more(void)
{
    /* A `struct fuse_buf`, of 40 bytes or a little more. libfuse fills it, and adds memory that it keeps. */
    static union {
        char bytes[256];
        void *aligned;
    } buffer;
    int number;

    if (session == NULL || receive == NULL || process == NULL || session_descriptor == NULL)
        return;
    in_a_row = 1;
    for (number = 0; number < MOST_IN_A_ROW && next_arrives(); number++) {
        if (receive(session, &buffer) <= 0)
            break;
        was_answered = 0;
        process(session, &buffer);
        if (!was_answered)
            break;
    }
    in_a_row = 0;
}

static void read_link(struct fuse_req *request, uint64_t inode)
{
    if (!answer(request, inode)) {
        pyfuse3_handler(request, inode);
        return;
    }
    was_answered = 1;
    if (!in_a_row)
        answer_more();
}

void read_links_of(struct fuse_session *made) { session = made; }

read_link_handler with_our_read_link(read_link_handler theirs, void *return_address)
{
#define FIND(variable, name) *(void **)&(variable) = real_function(name, return_address)
    FIND(reply_target, "fuse_reply_readlink");
    FIND(receive, "fuse_session_receive_buf");
    FIND(process, "fuse_session_process_buf");
    FIND(session_descriptor, "fuse_session_fd");
#undef FIND
    if (reply_target == NULL || theirs == NULL)
        return theirs;
    pyfuse3_handler = theirs;
    return read_link;
}
