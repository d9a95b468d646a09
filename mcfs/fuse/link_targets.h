/* What `kernel_caches.c`, which gives libfuse its handlers, needs of `link_targets.c`. */

#ifndef LINK_TARGETS_H
#define LINK_TARGETS_H

#include <stdint.h>

struct fuse_req;
struct fuse_session;
typedef void (*read_link_handler)(struct fuse_req *request, uint64_t inode);

/* The handler to use instead of theirs, for a caller from this address. */
read_link_handler with_our_read_link(read_link_handler theirs, void *return_address);

/* The session that was made with this handler. */
void read_links_of(struct fuse_session *made);

#endif
