// Tensor data beside the model: the path and every size are checked before anything is read.
#include "onnx/external_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "onnx/proto.h"

namespace potlut::onnx {
namespace {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status CheckLocation(const std::string& location) {
  const std::string shown = Printable(location);
  if (location.empty() || location.size() >= PATH_MAX || location.find('\0') != std::string::npos) {
    return BadInput("external data: '", shown, "' is no file name");
  }
  if (location[0] == '/' || location.find('\\') != std::string::npos ||
      (location.size() > 1 && location[1] == ':')) {
    return BadInput("external data: '", shown,
                    "' is an absolute path; data must lie beside the model file");
  }
  for (size_t begin = 0; begin <= location.size();) {
    const size_t end = std::min(location.find('/', begin), location.size());
    if (location.compare(begin, end - begin, "..") == 0) {
      return BadInput("external data: '", shown,
                      "' leaves the model's folder; data must lie beside the model file");
    }
    begin = end + 1;
  }
  return {};
}

// `path` with all links resolved; empty where it does not exist.
std::string Resolved(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return {};
  std::string out = resolved;
  std::free(resolved);
  return out;
}

}  // namespace

Expected<std::vector<uint8_t>> ReadExternal(const std::string& folder,
                                            const ExternalLocation& where, int64_t bytes) {
  if (folder.empty()) {
    return BadInput("external data: '", Printable(where.location),
                    "' is wanted, but the model was not read from a folder; import it by its path");
  }
  POTLUT_RETURN_IF_ERROR(CheckLocation(where.location));
  const std::string shown = Printable(where.location);
  const std::string root = Resolved(folder);
  const std::string path = Resolved(folder + "/" + where.location);
  if (root.empty() || path.empty()) {
    return BadInput("external data: '", shown, "' is not there beside the model");
  }
  const std::string prefix = root == "/" ? root : root + "/";
  if (path.compare(0, prefix.size(), prefix) != 0) {
    return BadInput("external data: '", shown, "' is a link out of the model's folder");
  }
  // The path is free of links now; one that appears meanwhile is not followed, a pipe does not
  // block.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (file.get() < 0 || fstat(file.get(), &info) != 0) {
    return BadInput("external data: cannot open '", shown, "': ", std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return BadInput("external data: '", shown, "' is no regular file");
  const int64_t size = info.st_size;
  if (where.offset < 0 || where.offset > size) {
    return BadInput("external data: offset ", where.offset, " is outside '", shown, "' (", size,
                    " bytes)");
  }
  const int64_t length = where.length < 0 ? size - where.offset : where.length;
  if (length != bytes || length > size - where.offset) {
    return BadInput("external data: '", shown, "' gives ", std::min(length, size - where.offset),
                    " bytes at offset ", where.offset, ", the tensor needs ", bytes);
  }
  std::vector<uint8_t> data(static_cast<size_t>(bytes));
  for (size_t done = 0; done < data.size();) {
    const ssize_t got = pread(file.get(), data.data() + done, data.size() - done,
                              static_cast<off_t>(where.offset + static_cast<int64_t>(done)));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return BadInput("external data: cannot read '", shown, "'");
    done += static_cast<size_t>(got);
  }
  return data;
}

}  // namespace potlut::onnx
