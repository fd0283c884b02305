// Disk faults below SQLite, for a server that loads this file as a library with LD_PRELOAD. DISK_FAULTS is a folder:
//
// synced/NAME  a copy of the data file NAME as of its last synchronisation: what a power cut leaves of it. A copy is
//              made if the folder `synced` exists.
// slow         while this file exists, a write to a write-ahead log takes three seconds.
// full         while this file exists, a write to a data file fails with ENOSPC.
// stuck        the next read of a data file removes this file and takes ten seconds.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int has(const char *name, char *path) {
    const char *folder = getenv("DISK_FAULTS");
    if (!folder) return 0;
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

// The name of the data file that a descriptor belongs to, or NULL.
static const char *data_file(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name && strstr(name, ".db") ? name + 1 : NULL;
}

static int fault(int fd) {
    char path[PATH_MAX], control[PATH_MAX];
    const char *name = data_file(fd, path);
    if (!name) return 0;
    if (strstr(name, "-wal") && has("slow", control)) sleep(3);
    if (has("full", control)) {
        errno = ENOSPC;
        return -1;
    }
    return 0;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite");
    return fault(fd) ? -1 : real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return fault(fd) ? -1 : real(fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return fault(fd) ? -1 : real(fd, data, size);
}

static void delay_read(int fd) {
    char path[PATH_MAX], control[PATH_MAX];
    if (has("stuck", control) && data_file(fd, path) && unlink(control) == 0) sleep(10);
}

ssize_t pread(int fd, void *data, size_t size, off_t offset) {
    static ssize_t (*real)(int, void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pread");
    delay_read(fd);
    return real(fd, data, size, offset);
}

ssize_t pread64(int fd, void *data, size_t size, off64_t offset) {
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pread64");
    delay_read(fd);
    return real(fd, data, size, offset);
}

ssize_t read(int fd, void *data, size_t size) {
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "read");
    delay_read(fd);
    return real(fd, data, size);
}

static void copy_synced(int fd) {
    char path[PATH_MAX], synced[PATH_MAX], new[PATH_MAX + 8], bytes[65536];
    const char *name = data_file(fd, path);
    if (!name || !has("synced", synced)) return;
    snprintf(synced + strlen(synced), PATH_MAX - strlen(synced), "/%s", name);
    snprintf(new, sizeof new, "%s.new", synced);
    int from = open(path, O_RDONLY), to = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t size; (size = read(from, bytes, sizeof bytes)) > 0;)
        if (write(to, bytes, size) != size) abort();
    close(from);
    close(to);
    rename(new, synced);
}

static int sync_and_copy(const char *function, int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, function);
    int result = real(fd);
    if (!result) copy_synced(fd);
    return result;
}

int fsync(int fd) { return sync_and_copy("fsync", fd); }

int fdatasync(int fd) { return sync_and_copy("fdatasync", fd); }
