/*
 * Adds many entries of a folder to an answer in one call, where pyfuse3 adds one.
 *
 * A folder may hold a hundred thousand tracks. For each of them Python would set the attributes one by one,
 * and pyfuse3 would call libfuse's
 *
 *     fuse_add_direntry_plus   appends an entry to the answer, and returns how long it is
 *
 * which takes longer than all that the kernel does with the entry. This library defines a function of the
 * same name, which pyfuse3 finds first (`kernel_caches.c` says how and why that is safe). An entry that bears
 * our mark stands for many: what pyfuse3 takes for its name are packed entries, made by `packed_entries.py`.
 * Each is added by the real function, and pyfuse3 is told how long they are together. It goes on as if it
 * had been one long entry. Every other entry goes to the real function as it came.
 *
 * Why this is safe:
 *
 * - The mark is in the generation, a number of 64 bits. mcfs lets it be 0 everywhere else.
 * - Nothing is packed before an unpacked entry has come by here, and it was seen to be laid out as declared
 *   below: its inode stands where it should, twice. Every folder begins with two, `.` and `..`.
 * - pyfuse3 passes the length that is left in its buffer, and the real function writes no entry that does not
 *   fit, but returns how long it would be. What is returned here is never more than what was written, or, if
 *   not one fits, what the real function said of the first.
 * - The packed entries are in memory of Python that lives until the call has returned. Nothing is kept but
 *   two numbers. pyfuse3 has one thread that calls this, and it asks for the number at once.
 */

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* as libfuse is compiled: it decides how `struct stat` is laid out */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "libfuse_function.h"

/* `struct fuse_entry_param`, as far as it is needed. */
struct entry {
    uint64_t inode;
    uint64_t generation;
    struct stat attributes;
};

/* What stands before the packed entries. After it come, for all entries, the inodes, the times of change in
 * microseconds since 1970, the sizes, and the names, each ended by a zero byte. What costs Python a step for
 * each entry is left to be done here. */
struct packed {
    uint64_t count;
    int64_t next_position; /* after the first of them; each that follows is one more */
    uint64_t inode_bits;   /* that all their inodes have besides */
    uint64_t names_only;   /* the kernel is not to make inodes of them */
};

/* `packed_entries.py` has the same. */
#define PACKED_MARK UINT64_C(0x6d63667370616b64)

#define MICROSECONDS INT64_C(1000000)

struct fuse_req;
typedef size_t (*add_entry)(struct fuse_req *, char *, size_t, const char *, const struct entry *,
                            off_t);

static int is_ready;
static uint64_t taken;

/* Whether packed entries will be unpacked. */
EXPORTED int mcfs_packed_entries_are_ready(void) { return is_ready; }

/* How many of the last packed entries did fit. */
EXPORTED uint64_t mcfs_packed_entries_taken(void) { return taken; }

static uint64_t number_at(const char *numbers, uint64_t index)
{
    uint64_t number; /* copied: nothing says that it is aligned */

    memcpy(&number, numbers + 8 * index, sizeof number);
    return number;
}

static struct timespec time_of(int64_t microseconds)
{
    int64_t rest = microseconds % MICROSECONDS;

    if (rest < 0) /* before 1970, division rounds up */
        rest += MICROSECONDS;
    return (struct timespec){(time_t)((microseconds - rest) / MICROSECONDS), (long)rest * 1000};
}

static size_t add_packed(add_entry real, struct fuse_req *request, char *buffer, size_t room,
                         const char *bytes, struct entry *entry)
{
    struct packed packed;
    const char *inodes, *times, *sizes, *name;
    size_t used = 0;

    memcpy(&packed, bytes, sizeof packed);
    inodes = bytes + sizeof packed;
    times = inodes + 8 * packed.count;
    sizes = times + 8 * packed.count;
    name = sizes + 8 * packed.count;
    entry->generation = 0;
    for (taken = 0; taken < packed.count; taken++) {
        size_t length;

        entry->attributes.st_ino = number_at(inodes, taken) | packed.inode_bits;
        /* Without this number the kernel takes the name and the kind, and counts no lookup. */
        entry->inode = packed.names_only ? 0 : entry->attributes.st_ino;
        entry->attributes.st_size = (off_t)number_at(sizes, taken);
        if (S_ISREG(entry->attributes.st_mode))
            entry->attributes.st_blocks = (entry->attributes.st_size + 511) / 512;
        entry->attributes.st_mtim = time_of((int64_t)number_at(times, taken));
        entry->attributes.st_ctim = entry->attributes.st_mtim;
        length = real(request, buffer + used, room - used, name, entry,
                      (off_t)(packed.next_position + (int64_t)taken));
        if (length > room - used) {
            if (taken == 0)
                used = length; /* too long, which tells pyfuse3 that nothing was added */
            break;
        }
        used += length;
        name += strlen(name) + 1;
    }
    entry->generation = PACKED_MARK;
    return used;
}

EXPORTED size_t fuse_add_direntry_plus(struct fuse_req *request, char *buffer, size_t room,
                                       const char *name, const struct entry *entry, off_t position)
{
    static add_entry real; /* found once: this is called for every entry */

    if (real == NULL)
        real = (add_entry)real_function("fuse_add_direntry_plus", __builtin_return_address(0));
    if (real == NULL)
        return room + 1; /* the folder looks empty */
    if (entry->generation == PACKED_MARK)
        /* pyfuse3 has the entry in memory of its own that it may write to; `const` is libfuse's promise. */
        return add_packed(real, request, buffer, room, name, (struct entry *)entry);
    is_ready = entry->inode != 0 && entry->inode == entry->attributes.st_ino;
    return real(request, buffer, room, name, entry, position);
}

_Static_assert(offsetof(struct entry, attributes) == 16, "as in libfuse");
_Static_assert(sizeof(off_t) == 8, "as in libfuse");
