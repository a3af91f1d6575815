// A library to preload: counts the calls that touch files and lets the n-th of them go wrong.
//
// POTLUT_FAIL_AT is n, from 1; POTLUT_FAIL_HOW what happens then: "kill" (SIGKILL before the call),
// "killed-after" (SIGKILL after it), "eio", "enospc", "eintr" (the call fails so) or "short" (half
// of what was to be written is). POTLUT_FAIL_FD is a descriptor that gets the call's name when it
// does.
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <atomic>

// Their headers are not included: these are the functions that are replaced.
extern "C" long syscall(long number, ...) noexcept;

namespace {

constexpr long kSigKill = 9;
std::atomic<long> calls{0};

[[noreturn]] void Die() {
  while (true) syscall(SYS_kill, syscall(SYS_getpid), kSigKill);
}

bool How(const char* what) {
  const char* how = getenv("POTLUT_FAIL_HOW");
  return how != nullptr && strcmp(how, what) == 0;
}

// Whether this call is the one.
bool Turn(const char* name) {
  const char* at = getenv("POTLUT_FAIL_AT");
  if (at == nullptr || ++calls != atol(at)) return false;
  if (const char* fd = getenv("POTLUT_FAIL_FD")) syscall(SYS_write, atol(fd), name, strlen(name));
  return true;
}

template <typename Function>
Function Real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Does `call`, or not; its result.
template <typename Call>
auto Count(const char* name, Call call) -> decltype(call()) {
  if (!Turn(name)) return call();
  if (How("kill")) Die();
  if (How("killed-after")) {
    call();
    Die();
  }
  errno = How("enospc") ? ENOSPC : How("eintr") ? EINTR : EIO;
  if (How("short")) return call();
  return -1;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = va_arg(list, mode_t);  // rubbish where there is none, which nobody looks at
  va_end(list);
  return Count("open",
               [&] { return Real<int (*)(const char*, int, ...)>("open")(path, flags, mode); });
}
int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return Count("open64",
               [&] { return Real<int (*)(const char*, int, ...)>("open64")(path, flags, mode); });
}
int openat(int folder, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = va_arg(list, mode_t);
  va_end(list);
  return Count("openat", [&] {
    return Real<int (*)(int, const char*, int, ...)>("openat")(folder, path, flags, mode);
  });
}
ssize_t read(int fd, void* to, size_t size) {
  return Count("read", [&] { return Real<ssize_t (*)(int, void*, size_t)>("read")(fd, to, size); });
}
ssize_t write(int fd, const void* from, size_t size) {
  return Count("write", [&] {
    const char* at = getenv("POTLUT_FAIL_AT");
    const bool half = at != nullptr && calls == atol(at) && How("short");
    return Real<ssize_t (*)(int, const void*, size_t)>("write")(fd, from, half ? size / 2 : size);
  });
}
int fsync(int fd) {
  return Count("fsync", [&] { return Real<int (*)(int)>("fsync")(fd); });
}
int fdatasync(int fd) {
  return Count("fdatasync", [&] { return Real<int (*)(int)>("fdatasync")(fd); });
}
int ftruncate(int fd, off_t size) noexcept {
  return Count("ftruncate", [&] { return Real<int (*)(int, off_t)>("ftruncate")(fd, size); });
}
int fchmod(int fd, mode_t mode) noexcept {
  return Count("fchmod", [&] { return Real<int (*)(int, mode_t)>("fchmod")(fd, mode); });
}
int close(int fd) {
  return Count("close", [&] { return Real<int (*)(int)>("close")(fd); });
}
int rename(const char* from, const char* to) noexcept {
  return Count("rename",
               [&] { return Real<int (*)(const char*, const char*)>("rename")(from, to); });
}
int unlink(const char* path) noexcept {
  return Count("unlink", [&] { return Real<int (*)(const char*)>("unlink")(path); });
}

}  // extern "C"
