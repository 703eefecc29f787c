/* Loaded before the C library: a flush fails as on a broken disk for every file whose path contains
 * what stands in the file that TEST_UNFLUSHED names, if there is one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A write over the limit on files is to fail, as on a full disk, and not to end the process. */
__attribute__((constructor)) static void ignore_the_limit(void) {
    signal(SIGXFSZ, SIG_IGN);
}

static int is_refused(int file) {
    char part[64], link[64], path[4096];
    const char *named = getenv("TEST_UNFLUSHED");
    int list = named ? open(named, O_RDONLY | O_CLOEXEC) : -1;
    if (list < 0) return 0;
    ssize_t size = read(list, part, sizeof part - 1);
    close(list);
    if (size <= 0) return 0;
    part[size] = 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    return strstr(path, part) != NULL;
}

int fsync(int file) {
    if (is_refused(file)) return errno = EIO, -1;
    return syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    if (is_refused(file)) return errno = EIO, -1;
    return syscall(SYS_fdatasync, file);
}
