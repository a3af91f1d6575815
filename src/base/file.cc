// Reads whole files within a bound; replaces files atomically (POSIX).
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/text.h"

namespace potlut {
namespace {

// Closes a descriptor at the end of a scope; `Close` does so early and tells whether it went well.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  int get() const { return fd_; }
  bool Close() {
    if (fd_ < 0) return true;
    const bool good = ::close(fd_) == 0;
    fd_ = -1;
    return good;
  }

 private:
  int fd_;
};

std::string Reason() { return std::strerror(errno); }

int Retry(auto call) {
  int result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Status WriteAll(int fd, std::span<const uint8_t> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("cannot write '", path, "': ", Reason());
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Expected<std::vector<uint8_t>> ReadFile(const std::string& path, size_t max_bytes) try {
  Descriptor fd(Retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (fd.get() < 0) return BadInput("cannot open '", path, "': ", Reason());
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return BadInput("cannot look at '", path, "': ", Reason());
  if (S_ISDIR(info.st_mode)) return BadInput("'", path, "' is a folder, not a file");
  const auto too_large = [&] {
    return ResourceLimit("'", path, "' is larger than the limit of ", max_bytes, " bytes");
  };
  if (S_ISREG(info.st_mode) && static_cast<uint64_t>(info.st_size) > max_bytes) return too_large();

  std::vector<uint8_t> bytes;
  if (S_ISREG(info.st_mode)) bytes.reserve(static_cast<size_t>(info.st_size) + 1);
  size_t filled = 0;
  while (true) {
    // One byte past the expected end shows whether the file ends there.
    const size_t want = std::max<size_t>(bytes.capacity() - filled, 65536);
    bytes.resize(filled + want);
    const ssize_t n = ::read(fd.get(), bytes.data() + filled, want);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return BadInput("cannot read '", path, "': ", Reason());
    if (n == 0) break;
    filled += static_cast<size_t>(n);
    if (filled > max_bytes) return too_large();
  }
  bytes.resize(filled);
  return bytes;
} catch (const std::bad_alloc&) {
  return ResourceLimit("not enough memory to read '", path, "'");
}

Status WriteFileAtomic(const std::string& path, std::span<const uint8_t> bytes) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string base = slash == std::string::npos ? path : path.substr(slash + 1);
  if (base.empty()) return UsageError("'", path, "' names a folder; name a file");

  // Permissions as open() would have given, or those of the file that is replaced.
  mode_t mode = 0666;
  struct stat old;
  const bool replaces = ::stat(path.c_str(), &old) == 0;
  if (replaces && S_ISDIR(old.st_mode)) return UsageError("'", path, "' is a folder; name a file");
  if (replaces && !S_ISREG(old.st_mode)) {
    // A pipe or device cannot be replaced by renaming: write to it.
    Descriptor out(Retry([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); }));
    if (out.get() < 0) return Failed("cannot open '", path, "' for writing: ", Reason());
    return WriteAll(out.get(), bytes, path);
  }
  if (replaces) mode = old.st_mode & 07777;

  // O_EXCL with a name of our own: mkstemp would force mode 0600 and ignore the umask.
  std::string temporary;
  int raw = -1;
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary = Cat(folder == "." ? "" : folder, ".", base, ".", ::getpid(), ".", attempt, ".tmp");
    raw = Retry(
        [&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode); });
    if (raw >= 0 || errno != EEXIST) break;
  }
  if (raw < 0) return Failed("cannot create a file beside '", path, "': ", Reason());

  Descriptor fd(raw);
  const auto give_up = [&](Status status) {
    fd.Close();
    ::unlink(temporary.c_str());
    return status;
  };
  if (Status status = WriteAll(fd.get(), bytes, path); !status.ok()) return give_up(status);
  if (replaces && ::fchmod(fd.get(), mode) != 0) {
    return give_up(Failed("cannot set the permissions of '", path, "': ", Reason()));
  }
  if (::fsync(fd.get()) != 0) return give_up(Failed("cannot sync '", path, "': ", Reason()));
  if (!fd.Close()) return give_up(Failed("cannot close '", path, "': ", Reason()));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return give_up(Failed("cannot put '", path, "' in place: ", Reason()));
  }
  // The new name must survive a power cut too. Some file systems cannot sync folders: not an error.
  Descriptor dir(Retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (dir.get() >= 0 && ::fsync(dir.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    return Failed("cannot sync the folder of '", path, "': ", Reason());
  }
  return {};
}

Status WriteFileAtomic(const std::string& path, const std::string& text) {
  return WriteFileAtomic(path,
                         std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace potlut
