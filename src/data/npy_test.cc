// .npy and .npz: what NumPy writes, and what lies about itself.
#include "data/npy.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <cstring>
#include <random>

#include "base/file.h"
#include "data/test_files.h"

namespace potlut::data {
namespace {

std::vector<uint8_t> NpyFile(const std::string& dict, const std::vector<uint8_t>& data,
                             int major = 1) {
  std::vector<uint8_t> bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<uint8_t>(major), 0};
  const size_t size = dict.size() + 1;
  for (int k = 0; k < (major == 1 ? 2 : 4); ++k)
    bytes.push_back(static_cast<uint8_t>(size >> (8 * k)));
  bytes.insert(bytes.end(), dict.begin(), dict.end());
  bytes.push_back('\n');
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

TEST(Npy, WritesAndReadsBack) {
  const TestFolder folder;
  const NpyArray array{"i4", {2, 3}, std::vector<uint8_t>(24, 7)};
  const std::string path = folder.path() + "/a.npy";
  ASSERT_TRUE(WriteNpy(path, array).ok());
  const auto bytes = ReadFile(path);
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ((bytes->size() - 24) % 64, 0U);  // aligned data, as NumPy writes
  const auto back = ReadNpy(path);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->dtype, "i4");
  EXPECT_EQ(back->shape, array.shape);
  EXPECT_EQ(back->bytes, array.bytes);
  EXPECT_EQ(back->count(), 6);
}

TEST(Npy, WritesEveryRank) {
  const TestFolder folder;
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {4}, {1, 4}, {2, 0, 3}}) {
    NpyArray array{"u1", shape, {}};
    array.bytes.resize(static_cast<size_t>(array.count()));
    ASSERT_TRUE(WriteNpy(folder.path() + "/r.npy", array).ok());
    const auto back = ReadNpy(folder.path() + "/r.npy");
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back->shape, shape);
  }
}

TEST(Npy, ReadsVersionsOrdersAndEndianness) {
  const auto v2 = ParseNpy(
      NpyFile("{\"shape\": (2,), 'descr': '|u1', 'fortran_order': False}", {5, 6}, 2), "v2");
  ASSERT_TRUE(v2.ok()) << v2.error().message;
  EXPECT_EQ(v2->bytes, (std::vector<uint8_t>{5, 6}));
  const auto big = ParseNpy(
      NpyFile("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", {1, 2, 3, 4}), "big");
  ASSERT_TRUE(big.ok()) << big.error().message;
  EXPECT_EQ(big->dtype, "i2");
  EXPECT_EQ(big->bytes, (std::vector<uint8_t>{2, 1, 4, 3}));
  const auto fortran = ParseNpy(
      NpyFile("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", {1, 2, 3, 4, 5, 6}),
      "f");
  ASSERT_TRUE(fortran.ok()) << fortran.error().message;
  EXPECT_EQ(fortran->bytes, (std::vector<uint8_t>{1, 3, 5, 2, 4, 6}));
}

TEST(Npy, RefusesWhatLies) {
  const std::vector<uint8_t> data = {1, 2, 3, 4};
  const struct {
    const char* dict;
    ErrorCode code;
  } cases[] = {
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (-4,), }", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
       ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 9, 0), }",
       ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False}", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': Maybe, 'shape': (4,), }", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (4,), }",
       ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (4,), } x", ErrorCode::kBadInput},
      {"{'descr': '|u1', 'fortran_order': False, 'shape': (4", ErrorCode::kBadInput},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", ErrorCode::kUnsupported},
      {"{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (4,), }",
       ErrorCode::kUnsupported},
  };
  for (const auto& test : cases) {
    const auto parsed = ParseNpy(NpyFile(test.dict, data), "lie.npy");
    ASSERT_FALSE(parsed.ok()) << test.dict;
    EXPECT_EQ(parsed.error().code, test.code) << test.dict << ": " << parsed.error().message;
    EXPECT_TRUE(parsed.error().message.starts_with("lie.npy")) << parsed.error().message;
  }
}

TEST(Npy, RefusesEveryTruncation) {
  const auto bytes =
      NpyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", {1, 2, 3, 4});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseNpy({bytes.data(), size}, "short").ok()) << size;
  }
  EXPECT_TRUE(ParseNpy(bytes, "whole").ok());
}

std::string WriteZip(const TestFolder& folder, const std::string& name,
                     const std::vector<std::pair<std::string, std::vector<uint8_t>>>& members,
                     bool deflate) {
  const std::string path = folder.path() + "/" + name;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [member, bytes] : members) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, member.c_str(), source, ZIP_FL_OVERWRITE);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  return path;
}

TEST(Npz, ReadsStoredAndDeflated) {
  const TestFolder folder;
  const auto x = NpyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", {1, 2, 3, 4});
  const auto y = NpyFile("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
                         {9, 0, 0, 0, 0, 0, 0, 0});
  for (const bool deflate : {false, true}) {
    const auto arrays = ReadNpz(WriteZip(folder, "a.npz", {{"x.npy", x}, {"y.npy", y}}, deflate));
    ASSERT_TRUE(arrays.ok()) << arrays.error().message;
    ASSERT_EQ(arrays->size(), 2U);
    EXPECT_EQ(arrays->at("x").bytes, (std::vector<uint8_t>{1, 2, 3, 4}));
    EXPECT_EQ(arrays->at("y").dtype, "i8");
  }
}

TEST(Npz, RefusesDamageAndTruncation) {
  const TestFolder folder;
  const auto x = NpyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (400,), }",
                         std::vector<uint8_t>(400, 9));
  const auto bytes = ReadFile(WriteZip(folder, "a.npz", {{"x.npy", x}}, true));
  ASSERT_TRUE(bytes.ok());
  for (size_t size = 0; size < bytes->size(); ++size) {
    const auto path = folder.Write(
        "short.npz", std::vector<uint8_t>(bytes->begin(), bytes->begin() + ptrdiff_t(size)));
    const auto arrays = ReadNpz(path);
    ASSERT_FALSE(arrays.ok()) << size;
    EXPECT_EQ(arrays.error().code, ErrorCode::kBadInput);
  }
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    auto damaged = *bytes;
    damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1 + random() % 255);
    const auto arrays = ReadNpz(folder.Write("damaged.npz", damaged));
    if (arrays.ok() && arrays->contains("x")) {
      EXPECT_EQ(arrays->at("x").count(), 400) << "repro: seed " << seed;
    }
  }
}

TEST(Npz, RefusesADeclaredSizeThatIsNotThere) {
  const TestFolder folder;
  const auto x = NpyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", {1, 2, 3, 4});
  auto bytes = ReadFile(WriteZip(folder, "a.npz", {{"x.npy", x}}, false));
  ASSERT_TRUE(bytes.ok());
  for (size_t i = 0; i + 28 < bytes->size(); ++i) {
    const bool local = std::memcmp(bytes->data() + i, "PK\3\4", 4) == 0;
    const bool central = std::memcmp(bytes->data() + i, "PK\1\2", 4) == 0;
    if (local || central)
      std::memset(bytes->data() + i + (local ? 22 : 24), 0xF0, 4);  // unpacked size
  }
  const auto arrays = ReadNpz(folder.Write("bomb.npz", *bytes));
  ASSERT_FALSE(arrays.ok());
  EXPECT_NE(arrays.error().message.find("bomb.npz"), std::string::npos);
}

TEST(Npz, RefusesMembersThatAreNotArrays) {
  const TestFolder folder;
  const auto arrays = ReadNpz(WriteZip(folder, "a.npz", {{"readme.txt", {1, 2, 3}}}, false));
  ASSERT_FALSE(arrays.ok());
  EXPECT_NE(arrays.error().message.find("readme.txt"), std::string::npos);
}

}  // namespace
}  // namespace potlut::data
