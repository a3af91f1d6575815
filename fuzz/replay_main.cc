// Runs a fuzz target over files that are there, instead of libFuzzer: every file named, every file
// in every folder named.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

// The file itself, or the files below a folder, sorted. Sets `ok` to false where the path cannot be
// read.
std::vector<fs::path> FilesAt(const fs::path& place, bool& ok) {
  std::vector<fs::path> files;
  std::error_code error;
  if (fs::is_directory(place, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(place, error)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  } else if (fs::exists(place, error)) {
    files.push_back(place);
  }
  ok = !error && !files.empty();
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE-or-FOLDER...\n", argv[0]);
    return 2;
  }
  size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    bool ok = true;
    for (const fs::path& path : FilesAt(argv[i], ok)) {
      std::ifstream file(path, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      // An exact heap copy, so that the address sanitizer sees the first byte read past it.
      const std::vector<uint8_t> bytes(text.begin(), text.end());
      std::fprintf(stderr, "%s (%zu bytes)\n", path.c_str(), bytes.size());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      ++count;
    }
    if (!ok) {
      std::fprintf(stderr, "%s: nothing to read there\n", argv[i]);
      return 3;
    }
  }
  std::printf("%zu inputs were run\n", count);
  return 0;
}
