// Hostile files made by hand, checksums right unless that is the point: each refused with its code,
// and a message that names the place.
#include <gtest/gtest.h>

#include <functional>

#include "base/crc32c.h"
#include "pack/container.h"
#include "pack/plut.h"
#include "pack/wire.h"

namespace potlut {
namespace {

constexpr auto kBad = ErrorCode::kBadInput;
constexpr auto kUnknown = ErrorCode::kUnsupported;
constexpr auto kLimit = ErrorCode::kResourceLimit;

// image (1x1x2, u8) -> conv 1x1, pot 2, two channels -> y (1x1x2, u8) -> lookup -> z (u2), written
// field by field.
struct Fields {
  // metadata, names
  std::vector<std::pair<std::string, std::string>> metadata{{"a", "1"}, {"b", "2"}};
  uint64_t names = 3;
  uint64_t shared = 0;
  std::string name = "x";
  // tensors
  uint64_t tensors = 3;
  int64_t tensor_name = 0;
  uint64_t height = 1, channels = 2;
  uint8_t type = 8;
  uint64_t factors = 1;
  double factor = 0.5;
  // nodes
  uint64_t input = 0, outputs = 1, nodes = 2;
  uint8_t op = 1;
  int64_t conv_input = 0, conv_output = 0;
  uint8_t square = 1;
  int64_t kernel = 1, groups = 1, lo = 0;
  // tables
  uint8_t per_channel = 0, table_mode = 1, table_width = 0;
  int64_t table_first = 0;
  // weights
  uint8_t fresh_alphabet = 1, alphabet_kind = 0, alphabet_bits = 2;
  uint64_t levels = 3;
  int64_t first_level = -1, gap = 1, shift = 4;
  uint8_t gap_width = 0, bias_width = 0, coder = 0;
  uint64_t code_bytes = 1;
  std::vector<uint8_t> codes{0x24};  // 0, 1, 2, 0
  std::vector<uint8_t> left_over[kSectionCount];
};

SectionPayloads Payloads(const Fields& f) {
  Writer metadata, names, tensors, nodes, tables, weights;
  metadata.Varint(f.metadata.size());
  for (const auto& [key, value] : f.metadata) {
    metadata.Varint(key.size());
    metadata.Text(key);
    metadata.Varint(value.size());
    metadata.Text(value);
  }
  names.Varint(f.names);
  for (const std::string& name : {std::string("image"), f.name, std::string("y")}) {
    names.Varint(name == f.name ? f.shared : 0);
    names.Varint(name.size());
    names.Text(name);
  }
  tensors.Varint(f.tensors);
  for (int i = 0; i < 3; ++i) {
    tensors.Svarint(i == 1 ? f.tensor_name : 0);
    tensors.Varint(i == 1 ? f.height : 1);
    tensors.Varint(1);
    tensors.Varint(i == 1 ? f.channels : 2);
    tensors.U8(i == 1 ? f.type : i == 0 ? 8 : 2);
    tensors.Svarint(-3);
    tensors.Varint(i == 1 ? f.factors : 0);
    if (i == 1) tensors.F64(f.factor);
  }
  nodes.Varint(f.input);
  nodes.Varint(f.outputs);
  nodes.Varint(2);
  nodes.Varint(f.nodes);
  nodes.Svarint(1);
  nodes.U8(f.op);
  nodes.Svarint(f.conv_input);
  nodes.Svarint(f.conv_output);
  nodes.U8(f.square);
  for (const int64_t v :
       {f.kernel, int64_t{1}, int64_t{1}, int64_t{0}, f.groups, f.lo, int64_t{255}})
    nodes.Svarint(v);
  nodes.Svarint(0);
  nodes.U8(6);
  nodes.Svarint(0);
  nodes.Svarint(0);
  nodes.U8(f.per_channel);
  tables.U8(f.table_mode);
  tables.Svarint(f.table_first);
  tables.Svarint(0);  // all steps are 0
  tables.U8(f.table_width);
  weights.U8(f.fresh_alphabet);
  weights.U8(f.alphabet_kind);
  weights.U8(f.alphabet_bits);
  weights.Varint(f.levels);
  weights.Svarint(f.first_level);
  weights.Svarint(f.gap);
  weights.U8(f.gap_width);
  weights.Svarint(f.shift);
  weights.U8(0);
  weights.Svarint(-5);
  weights.U8(f.bias_width);
  weights.U8(f.coder);
  weights.Varint(f.code_bytes);
  weights.Bytes(f.codes);
  Writer* all[] = {&metadata, &names, &tensors, &nodes, &tables, &weights};
  SectionPayloads payloads;
  for (size_t i = 0; i < kSectionCount; ++i) {
    all[i]->Bytes(f.left_over[i]);
    payloads[i] = all[i]->Take();
  }
  return payloads;
}

void ExpectRefused(std::span<const uint8_t> file, ErrorCode code, std::string_view part) {
  const auto program = Unpack(file);
  ASSERT_FALSE(program.ok()) << "accepted; expected: " << part;
  EXPECT_EQ(program.error().code, code) << program.error().message;
  EXPECT_NE(program.error().message.find(part), std::string::npos) << program.error().message;
}

TEST(Hostile, TheFileAllOthersAreMadeFromIsGood) {
  const auto program = Unpack(WriteContainer(Payloads({})));
  ASSERT_TRUE(program.ok()) << program.error().message;
  EXPECT_EQ(std::get<ConvOp>(program->nodes[0].op).codes, (std::vector<uint8_t>{0, 1, 2, 0}));
}

struct Case {
  const char* name;
  std::function<void(Fields&)> change;
  ErrorCode code;
  const char* message;
};

TEST(Hostile, Fields) {
  const uint64_t huge = uint64_t{1} << 60;
  const std::vector<Case> cases{
      // Metadata and names.
      {"keys descend", [](Fields& f) { f.metadata[0].first = std::string("c"); }, kBad,
       "metadata section, offset"},
      {"keys repeat", [](Fields& f) { f.metadata[0].first = std::string("b"); }, kBad,
       "entry 1: key 'b' does not follow 'b'"},
      {"key is not UTF-8", [](Fields& f) { f.metadata[0].first = std::string("\xFF"); }, kBad,
       "key is not valid UTF-8"},
      {"metadata left over", [](Fields& f) { f.left_over[0] = {0}; }, kBad,
       "1 bytes are left over"},
      {"names beyond the section", [&](Fields& f) { f.names = huge; }, kBad, "number of names"},
      {"more names than there are", [](Fields& f) { f.names = 4; }, kBad, "names section"},
      {"shares more than there is", [](Fields& f) { f.shared = 6; }, kBad,
       "shared bytes is 6, at most 5"},
      {"name is not UTF-8", [](Fields& f) { f.name = std::string("\xC3"); }, kBad,
       "name 1: name is not valid UTF-8"},
      {"name too long", [](Fields& f) { f.name.assign(5000, 'x'); }, kBad,
       "own bytes is 5000, at most 4096"},
      // Tensors.
      {"tensors beyond the section", [&](Fields& f) { f.tensors = huge; }, kBad,
       "number of tensors"},
      {"tensors left over", [](Fields& f) { f.tensors = 2; }, kBad, "tensors section, offset"},
      {"no such name", [](Fields& f) { f.tensor_name = 2; }, kBad,
       "tensor 1: name is 2, outside of -1..1"},
      {"side of 2^40", [](Fields& f) { f.height = uint64_t{1} << 40; }, kBad,
       "tensor 1: height is 1099511627776"},
      {"side of zero", [](Fields& f) { f.height = 0; }, kBad, "tensor"},
      {"type of 9 bits", [](Fields& f) { f.type = 9; }, kUnknown, "type of 9 bits"},
      {"factors beyond the section", [&](Fields& f) { f.factors = huge; }, kBad,
       "number of factors"},
      {"factor is not finite", [](Fields& f) { f.factor = 1.0 / 0.0; }, kBad,
       "factor is not a finite number"},
      // Nodes.
      {"input beyond the tensors", [](Fields& f) { f.input = 3; }, kBad,
       "input tensor is 3, at most 2"},
      {"outputs beyond the section", [&](Fields& f) { f.outputs = huge; }, kBad,
       "number of outputs"},
      {"nodes beyond the section", [&](Fields& f) { f.nodes = huge; }, kBad, "number of nodes"},
      {"operator 0", [](Fields& f) { f.op = 0; }, kUnknown, "node 0 'x': operator 0 is unknown"},
      {"operator 14", [](Fields& f) { f.op = 14; }, kUnknown, "operator 14 is unknown"},
      {"reads behind the last tensor", [](Fields& f) { f.conv_input = -3; }, kBad,
       "input is tensor 3; the last is 2"},
      {"reads before the first tensor", [](Fields& f) { f.conv_input = 1; }, kBad,
       "input is tensor -1"},
      {"input leaves 32 bits", [](Fields& f) { f.conv_input = INT64_MIN; }, kBad,
       "input is -9223372036854775808"},
      {"reads what it writes", [](Fields& f) { f.conv_input = -1; }, kBad,
       "nothing wrote before it"},
      {"writes behind the last tensor", [](Fields& f) { f.conv_output = 2; }, kBad,
       "output is tensor 3"},
      {"flag that is neither", [](Fields& f) { f.square = 2; }, kBad, "square is 2, at most 1"},
      {"kernel of zero", [](Fields& f) { f.kernel = 0; }, kBad, "a kernel of 0x0"},
      {"kernel of 2^30", [](Fields& f) { f.kernel = 1 << 30; }, kLimit,
       "layer 'x': more weights than the limit"},
      {"kernel of 2^15", [](Fields& f) { f.kernel = 1 << 14; }, kLimit,
       "layer 'x': the layer would unfold to"},
      {"groups do not divide", [](Fields& f) { f.groups = 3; }, kBad, "3 groups of 2 channels"},
      {"groups of zero", [](Fields& f) { f.groups = 0; }, kBad, "0 groups of 2 channels"},
      {"attribute beyond 32 bits", [](Fields& f) { f.lo = int64_t{1} << 31; }, kBad,
       "lo is 2147483648"},
      {"clamp outside of its type", [](Fields& f) { f.lo = -1; }, kBad, "clamps to -1..255"},
      {"nodes left over",
       [](Fields& f) {
         f.left_over[3] = {0, 0};
       },
       kBad, "nodes section"},
      // Tables.
      {"unknown table mode", [](Fields& f) { f.table_mode = 3; }, kUnknown,
       "table mode 3 is unknown"},
      {"no table before this", [](Fields& f) { f.table_mode = 2; }, kBad,
       "no table of 256 entries before"},
      {"table beyond the section", [](Fields& f) { f.table_width = 8; }, kBad,
       "table steps needs 255 bytes"},
      {"table of 33 bits", [](Fields& f) { f.table_width = 33; }, kBad, "integers of 33 bits"},
      {"entry beyond 16 bits", [](Fields& f) { f.table_first = 40000; }, kBad,
       "first table entry is 40000"},
      {"entry beyond its type", [](Fields& f) { f.table_first = 4; }, kBad, "has 4 in its table"},
      {"table of a 32-bit tensor", [](Fields& f) { f.type = 0xA0; }, kBad,
       "a look-up in a tensor of 32 bits"},
      {"tables of 2^20 channels",
       [](Fields& f) {
         f.channels = 1 << 20;
         f.per_channel = 1;
       },
       kLimit, "the look-up table would unfold to 536870912 bytes"},
      {"tables left over", [](Fields& f) { f.left_over[4] = {0}; }, kBad, "tables section"},
      // Weights.
      {"no alphabet before this", [](Fields& f) { f.fresh_alphabet = 0; }, kBad,
       "no alphabet before this one"},
      {"unknown alphabet", [](Fields& f) { f.alphabet_kind = 5; }, kUnknown,
       "alphabet kind 5 is unknown"},
      {"alphabet of 9 bits", [](Fields& f) { f.alphabet_bits = 9; }, kBad, "alphabet of 9 bits"},
      {"alphabet without levels", [](Fields& f) { f.levels = 0; }, kBad, "alphabet without levels"},
      {"more levels than bits", [](Fields& f) { f.levels = 5; }, kBad,
       "number of levels is 5, at most 4"},
      {"levels do not ascend", [](Fields& f) { f.gap = 0; }, kBad,
       "level gaps is 0, outside of 1..255"},
      {"levels leave 8 bits", [](Fields& f) { f.gap = 100; }, kBad, "level 2 leaves 8 bits"},
      {"level that pot has not", [](Fields& f) { f.gap = 3; }, kBad, "node 'x'"},
      {"shift of 32", [](Fields& f) { f.shift = 32; }, kBad, "shifts is 32, outside of -15..31"},
      {"biases beyond the section", [](Fields& f) { f.bias_width = 32; }, kBad,
       "biases needs 8 bytes"},
      {"unknown coder", [](Fields& f) { f.coder = 2; }, kUnknown,
       "layer 'x': codes: coder 2 is unknown"},
      {"codes beyond the section", [&](Fields& f) { f.code_bytes = huge; }, kBad,
       "codes needs 1152921504606846976"},
      {"too few codes", [](Fields& f) { f.code_bytes = 0; }, kBad,
       "4 raw codes of 2 bits take 1 bytes, not 0"},
      {"code 3 of 3", [](Fields& f) { f.codes = {0x27}; }, kBad,
       "code 0 is 3 but the alphabet has 3"},
      {"weights left over", [](Fields& f) { f.left_over[5] = {0}; }, kBad, "weights section"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Fields fields;
    c.change(fields);
    ExpectRefused(WriteContainer(Payloads(fields)), c.code, c.message);
  }
}

// Changes bytes of the shell, with all checksums repaired (as far as the shell can be followed).
TEST(Hostile, Shell) {
  const auto good = WriteContainer(Payloads({}));
  const size_t entry = kPlutHeaderBytes, second = entry + kPlutEntryBytes;
  const auto refused = [&](std::vector<std::pair<size_t, uint8_t>> changes, ErrorCode code,
                           const char* message) {
    SCOPED_TRACE(message);
    auto file = good;
    for (const auto& [at, value] : changes) file[at] = value;
    RepairChecksums(file);
    ExpectRefused(file, code, message);
  };
  refused({{0, 0x88}}, kBad, "magic number at offset 0");
  refused({{8, 3}}, kUnknown, "version 3 (offset 8) is unknown");
  refused({{8, 0}}, kUnknown, "version 0");
  refused({{12, 4}}, kUnknown, "file flags 4 (offset 12)");
  refused({{16, static_cast<uint8_t>(good[16] + 1)}}, kBad, "it was truncated");
  refused({{16, static_cast<uint8_t>(good[16] - 1)}}, kBad, "something was appended");
  refused({{23, 0x80}}, kBad, "offset 16");
  refused({{11, 0xFF}}, kBad, "table of 65286 sections (offset 10) does not fit");
  refused({{10, 5}}, kBad, "section is missing");
  refused({{entry, 9}}, kUnknown, "section kind 9 (offset 24) is unknown");
  refused({{entry, 0}}, kUnknown, "section kind 0 (offset 24) is unknown");
  refused({{entry, 2}}, kBad, "the section table has 'names' (offset 24) where 'metadata' belongs");
  refused({{second, 1}}, kBad,
          "the section table has 'metadata' (offset 48) where 'names' belongs");
  refused({{second + 2, 1}}, kUnknown, "flags 1 of the names section (offset 50)");
  refused({{second + 4, good[entry + 4]}}, kBad,
          "neither overlap nor leave holes");  // onto the first
  refused({{second + 4, static_cast<uint8_t>(good[second + 4] + 64)}}, kBad,
          "leave holes");  // a hole of 64
  refused({{second + 4, static_cast<uint8_t>(good[second + 4] + 1)}}, kBad,
          "leave holes");  // not aligned
  refused({{second + 11, 0x80}}, kBad, "the names section is said to begin at offset");
  refused({{second + 12, 0xFF}, {second + 13, 0xFF}}, kBad, "does not fit into the file");
  refused({{second + 19, 0x80}}, kBad, "does not fit into the file");
  const size_t payload = good[entry + 4];
  refused({{payload - 1, 1}}, kBad, "padding at offset 191 is not zero");
  refused({{payload + good[entry + 12], 1}}, kBad, "is not zero");
}

TEST(Hostile, WrongChecksums) {
  const auto good = WriteContainer(Payloads({}));
  const size_t table_end = kPlutHeaderBytes + kSectionCount * kPlutEntryBytes;
  auto header = good, total = good, section = good;
  header[table_end] ^= 1;
  ExpectRefused(header, kBad, "header and section table do not match their checksum (offset 168)");
  total.back() ^= 1;
  ExpectRefused(total, kBad, "the file does not match its checksum");
  // A wrong section checksum inside of a right table.
  section[kPlutHeaderBytes + 20] ^= 1;
  const uint32_t crc = Crc32c(std::span(section).first(table_end));
  for (size_t i = 0; i < 4; ++i) section[table_end + i] = static_cast<uint8_t>(crc >> (8 * i));
  ExpectRefused(section, kBad, "the metadata section at offset 192 does not match its checksum");
}

TEST(Hostile, ShellsThatAreTooShort) {
  const auto good = WriteContainer(Payloads({}));
  ExpectRefused({}, kBad, "not a .plut file");
  ExpectRefused(std::span(good).first(8), kBad, "ends inside of its header (8 of 24 bytes)");
  ExpectRefused(std::span(good).first(24), kBad, "it was truncated");
  // A header alone that says so itself.
  std::vector<uint8_t> alone(good.begin(), good.begin() + 24);
  alone[16] = 24;
  alone[17] = 0;
  ExpectRefused(alone, kBad, "a table of 6 sections (offset 10) does not fit into 24 bytes");
}

// Small files that ask for much: names that grow out of each other, layers of one code.
TEST(Hostile, SmallFilesDoNotUnfoldToMuch) {
  SectionPayloads payloads = Payloads({});
  Writer names;
  names.Varint(200000);
  names.Varint(0);
  names.Varint(4096);
  names.Text(std::string(4096, 'n'));
  for (int i = 1; i < 200000; ++i) {
    names.Varint(4096);
    names.Varint(0);
  }
  payloads[1] = names.Take();
  ExpectRefused(WriteContainer(payloads), kLimit, "names section");

  // 2^24 and more codes from a single-symbol table of a few bytes.
  Fields f;
  f.kernel = 2100;
  f.coder = 1;
  f.codes = {0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
  f.code_bytes = f.codes.size();
  ExpectRefused(WriteContainer(Payloads(f)), kLimit, "would unfold to");
}

}  // namespace
}  // namespace potlut
