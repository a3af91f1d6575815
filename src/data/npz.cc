// .npz: a zip archive of .npy arrays, read through libzip (stored or deflated).
#include <zip.h>

#include <memory>

#include "base/text.h"
#include "data/npy.h"

namespace potlut::data {
namespace {

constexpr zip_uint64_t kMaxTotalBytes = zip_uint64_t{4} << 30;  // of all arrays, unpacked
constexpr zip_int64_t kMaxArrays = 1024;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

// Unpacks one member. Memory grows only as data really arrives, so a declared size costs nothing by
// itself.
Expected<std::vector<uint8_t>> ReadMember(zip_t* archive, zip_uint64_t index, zip_uint64_t size,
                                          const std::string& what) {
  const std::unique_ptr<zip_file_t, CloseMember> member(zip_fopen_index(archive, index, 0));
  if (!member) return BadInput(what, ": ", zip_strerror(archive));
  std::vector<uint8_t> bytes;
  constexpr size_t kChunk = size_t{1} << 20;
  while (bytes.size() <= size) {
    const size_t old = bytes.size();
    bytes.resize(old + kChunk);
    const zip_int64_t got = zip_fread(member.get(), bytes.data() + old, kChunk);
    if (got < 0) return BadInput(what, ": ", zip_file_strerror(member.get()));
    bytes.resize(old + static_cast<size_t>(got));
    if (got == 0) break;
  }
  if (bytes.size() != size)
    return BadInput(what, ": the data do not have the size that the archive declares");
  return bytes;
}

}  // namespace

Expected<std::map<std::string, NpyArray>> ReadNpz(const std::string& path) {
  int code = 0;
  const std::unique_ptr<zip_t, CloseArchive> archive(
      zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const Error result =
        BadInput(path, ": not a readable .npz archive: ", zip_error_strerror(&error));
    zip_error_fini(&error);
    return result;
  }
  const zip_int64_t members = zip_get_num_entries(archive.get(), 0);
  if (members > kMaxArrays) {
    return ResourceLimit(path, ": ", members, " arrays in one .npz; at most ", kMaxArrays,
                         " are read");
  }
  std::map<std::string, NpyArray> arrays;
  zip_uint64_t total = 0;
  for (zip_int64_t i = 0; i < members; ++i) {
    zip_stat_t info;
    const auto index = static_cast<zip_uint64_t>(i);
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE;
    if (zip_stat_index(archive.get(), index, 0, &info) != 0 || (info.valid & kNeeded) != kNeeded) {
      return BadInput(path, ": member ", i, " of the archive has no name or size");
    }
    std::string name = info.name;
    const std::string what = Cat(path, "(", name, ")");
    if (!name.ends_with(".npy")) return BadInput(what, ": is not a .npy array");
    if (info.size > kMaxTotalBytes - total) {
      return ResourceLimit(what, ": the arrays unpack to more than ", kMaxTotalBytes >> 30,
                           " GiB; split the file or use .npy, which is read piecewise");
    }
    total += info.size;
    POTLUT_ASSIGN_OR_RETURN(const auto bytes, ReadMember(archive.get(), index, info.size, what));
    POTLUT_ASSIGN_OR_RETURN(NpyArray array, ParseNpy(bytes, what));
    name.resize(name.size() - 4);
    if (!arrays.emplace(std::move(name), std::move(array)).second) {
      return BadInput(what, ": the archive holds this array twice");
    }
  }
  return arrays;
}

}  // namespace potlut::data
