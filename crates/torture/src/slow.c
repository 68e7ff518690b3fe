/* Preloaded into the programs under test: lets their disk be slow. The file that TORTURE_DISK names holds two
 * 32-bit numbers, milliseconds: how much longer each fsync takes, and each write to a regular file. It is
 * mapped, so that they change while the programs run. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile const int *late;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("TORTURE_DISK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *mapped = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) late = mapped;
  close(file);
}

static void wait_for(int which) {
  int millis = late ? late[which] : 0;
  if (millis <= 0) return;
  struct timespec span = {millis / 1000, (millis % 1000) * 1000000L};
  nanosleep(&span, 0);
}

static void wait_to_write(int file) {
  struct stat found;
  if (late && late[1] > 0 && fstat(file, &found) == 0 && S_ISREG(found.st_mode)) wait_for(1);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) {
  wait_for(0);
  return NEXT(fsync)(file);
}

int fdatasync(int file) {
  wait_for(0);
  return NEXT(fdatasync)(file);
}

ssize_t write(int file, const void *bytes, size_t count) {
  wait_to_write(file);
  return NEXT(write)(file, bytes, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  wait_to_write(file);
  return NEXT(pwrite64)(file, bytes, count, at);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  wait_to_write(file);
  return NEXT(writev)(file, parts, count);
}
