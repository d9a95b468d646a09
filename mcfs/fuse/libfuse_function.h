/*
 * How a function of this library that has the name of one of libfuse's finds the real one.
 *
 * It is taken from the very library that pyfuse3 is linked with: the return address says who called, and
 * dlsym() looks in the caller's own libraries. So a pyfuse3 that brings its own copy of libfuse gets that copy.
 * (RTLD_NEXT would not do: it searches the libraries of this library, which has none.) Only in pyfuse3's file
 * could the name also be found here, and it is not defined there.
 */

#ifndef LIBFUSE_FUNCTION_H
#define LIBFUSE_FUNCTION_H

#include <dlfcn.h>
#include <stddef.h>

/* Of everything that Python and this library pass to each other. `c_library.py` has the same number: raise both
 * whenever that changes. A library that was compiled before would be misunderstood. */
#define LIBRARY_VERSION 1

#define EXPORTED __attribute__((visibility("default")))

/* The function of this name in the libraries of whoever called from this address. */
static inline void *real_function(const char *name, void *return_address)
{
    Dl_info caller;
    void *library, *found = NULL;

    if (dladdr(return_address, &caller) == 0)
        return NULL;
    /* RTLD_NOLOAD: it is loaded, and this is only how to get a handle for dlsym(). */
    library = dlopen(caller.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (library != NULL) {
        found = dlsym(library, name);
        dlclose(library);
    }
    return found;
}

#endif
