// The worked examples of docs/format.md and docs/format1.md are what the code writes, byte for
// byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <tuple>

#include "pack/ans.h"
#include "pack/ans2.h"
#include "pack/context.h"
#include "pack/plut.h"

namespace potlut {
namespace {

// The bytes of the fenced block "```NAME": lines of an offset, bytes in hexadecimal and, after "|",
// words for people. The offsets are checked.
std::vector<uint8_t> DocumentedBytes(const std::string& page, const std::string& name) {
  std::ifstream in(POTLUT_SOURCE_DIR "/docs/" + page);
  EXPECT_TRUE(in.good()) << page << " not found";
  std::vector<uint8_t> bytes;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "```" + name) {
      inside = true;
    } else if (line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      std::istringstream fields(line.substr(0, line.find('|')));
      size_t offset = 0;
      fields >> std::hex >> offset;
      EXPECT_EQ(offset, bytes.size()) << line;
      for (unsigned byte; fields >> std::hex >> byte;) bytes.push_back(static_cast<uint8_t>(byte));
    }
  }
  return bytes;
}

std::string Hex(const std::vector<uint8_t>& bytes) {
  std::ostringstream out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0)
      out << (i > 0 ? "\n" : "") << std::hex << std::setw(4) << std::setfill('0') << i << ' ';
    out << ' ' << std::hex << std::uppercase << std::setw(2) << std::setfill('0') << int{bytes[i]};
  }
  return out.str();
}

// The program of both pages.
Program Example() {
  Program program;
  program.tensors = {{"image", {1, 1, 2}, {8, false}, 0, {}},
                     {"norm", {1, 1, 2}, {4, false}, -2, {}},
                     {"scores", {1, 1, 3}, {32, true}, -5, {0.5}}};
  LookupOp lookup;
  for (int16_t x = 0; x < 256; ++x) lookup.table.push_back(std::min<int16_t>(15, (x + 8) / 16));
  program.nodes.push_back({"norm", lookup, {0}, 1});
  ConvOp dense;
  dense.alphabet = {AlphabetKind::kPot, 3, {-4, -2, -1, 0, 1, 2, 4}};
  dense.codes = {3, 6, 0, 2, 4, 5};
  dense.bias = {100, -20, 7};
  dense.shift = {0, 0, 1};
  dense.lo = INT32_MIN;
  dense.hi = INT32_MAX;
  program.nodes.push_back({"dense", dense, {1}, 2});
  program.outputs = {2};
  program.metadata["tool"] = "potlut";
  return program;
}

TEST(FormatDocument, ExampleFileOfVersion1) {
  const auto bytes = Pack(Example(), {.version = 1});
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_TRUE(DocumentedBytes("format1.md", "plut") == *bytes) << "docs/format1.md should show\n"
                                                               << Hex(*bytes);
  const auto program = Unpack(DocumentedBytes("format1.md", "plut"));
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(*program == Example());
}

TEST(FormatDocument, ExampleAnsBlock) {
  std::vector<uint8_t> codes(64, 1);
  for (size_t i = 0; i < codes.size(); i += 8) codes[i] = i % 16 == 0 ? 0 : 2;
  const auto block = AnsEncode(codes, 2, 3);
  EXPECT_TRUE(DocumentedBytes("format.md", "ans") == block) << "docs/format.md should show\n"
                                                            << Hex(block);
  std::vector<uint8_t> decoded(codes.size());
  ASSERT_TRUE(AnsDecode(DocumentedBytes("format.md", "ans"), 2, 3, decoded).ok());
  EXPECT_EQ(decoded, codes);
}

TEST(FormatDocument, ExampleAns2Block) {
  std::vector<uint8_t> codes(64, 1);
  for (size_t i = 0; i < codes.size(); i += 8) codes[i] = i % 16 == 0 ? 0 : 2;
  const auto block = Ans2Encode(codes, 2, 3);
  EXPECT_TRUE(DocumentedBytes("format.md", "ans2") == block) << "docs/format.md should show\n"
                                                             << Hex(block);
  std::vector<uint8_t> decoded(codes.size());
  ASSERT_TRUE(Ans2Decode(DocumentedBytes("format.md", "ans2"), 2, 3, decoded).ok());
  EXPECT_EQ(decoded, codes);
}

TEST(FormatDocument, ExampleContextBlocks) {
  const Alphabet pot = *MakeAlphabet(AlphabetKind::kPot, 3);
  const std::vector<int8_t> shifts{3, 4};
  const std::vector<uint8_t> flat{3, 4, 2, 3, 5, 1, 3, 3, 4, 6, 2, 3};
  std::vector<uint8_t> square{3, 1, 2, 3, 4, 4, 3, 3, 5, 6, 2, 3};
  square.insert(square.end(), square.begin(), square.begin() + 12);
  for (const auto& [name, layout, codes] :
       {std::tuple{"context", ContextLayout{2, 1, 1, 6, shifts}, flat},
        {"context2x2", ContextLayout{2, 2, 2, 3, shifts}, square}}) {
    const auto block = ContextEncode(codes, layout, pot);
    EXPECT_TRUE(DocumentedBytes("format.md", name) == block) << "docs/format.md should show\n"
                                                             << Hex(block);
    std::vector<uint8_t> decoded(codes.size());
    EXPECT_TRUE(ContextDecode(DocumentedBytes("format.md", name), layout, pot, decoded).ok());
    EXPECT_EQ(decoded, codes);
  }
}

TEST(FormatDocument, ExampleFileOfVersion2) {
  const auto bytes = Pack(Example());
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_TRUE(DocumentedBytes("format.md", "plut") == *bytes) << "docs/format.md should show\n"
                                                              << Hex(*bytes);
  const auto program = Unpack(DocumentedBytes("format.md", "plut"));
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_TRUE(*program == Example());
}

}  // namespace
}  // namespace potlut
