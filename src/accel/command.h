// The accelerator's commands, memories, errors and registers, as the hardware reads them
// (docs/accelerator.md says what they mean; rtl/core/plut_pkg.sv says the same to the hardware).
//
// A command is 16 words of 32 bits, little endian. Word 0 is the same in all commands: opcode in
// bits 0-7, flags in 8-15, semaphores to wait for in 16-23, semaphores to signal in 24-31. Fields
// that a command does not name are 0; the hardware refuses others.
#pragma once

#include <array>
#include <cstdint>

namespace potlut::accel {

constexpr int kCommandWords = 16;
constexpr int kCommandBytes = 64;
constexpr int kWordBytes = 16;    // of activation memory: 16 channels of a pixel
constexpr int kSemaphores = 8;    // counters of 0 to 15, all 0 at the start
constexpr int kMaxKernel = 7;     // rows and columns of a convolution
constexpr int kMaxStride = 4;     // of a convolution
constexpr int kMaxPasses = 255;   // of one convolution, and entries of the pass memory
constexpr int kLevelLists = 4;    // lists of levels that are resident
constexpr int kMaxTableSets = 4;  // sets of 16 look-up tables that are resident

using CommandWords = std::array<uint32_t, kCommandWords>;

enum class Opcode : uint8_t {
  kEnd = 1,     // waits until all units have finished, then reports done
  kLoad = 2,    // DRAM to a memory of the chip
  kStore = 3,   // activation memory to DRAM
  kOutput = 4,  // says where and how the next kConv's sums are finished
  kConv = 5,    // runs a convolution, or a tile of one
  kVector = 6,  // pooling, addition, look-up and moves on activation memory
};

enum class ErrorCode : uint32_t {
  kNone = 0,
  kOpcode = 1,     // not one of the above, or a kEnd is missing
  kField = 2,      // a field out of its range; a kConv with no kOutput before it
  kAddress = 3,    // past the end of a memory
  kDeadlock = 4,   // all units wait for semaphores that none will signal
  kBus = 5,        // DRAM answered with an error
  kSemaphore = 6,  // counted past 15
};

// Memories of the chip, as kLoad names them, and their words in DRAM (always little endian).
enum class Memory : uint8_t {
  kActivations = 0,  // 16 bytes a word, or `unit` < 16 of them and the others 0
  kWeights = 1,      // one vector of 16 codes: 16 x 4 bits (8 bytes; input 0 in bits 0-3), or in an
                     // array of pair tables 8 x 6 bits (6 bytes; inputs 0, 1 in bits 0-5)
  kChannels = 2,     // bias (int32), shift (int8): 5 bytes
  kPasses = 3,       // a Pass: 16 bytes
  kLevels = 4,       // int8 levels, one byte an entry: list * 16 + code; with pair tables two bytes
                     // an entry (first and second level): list * 64 + code
  kTables = 5,       // 16 bytes: entry (raw byte value) of the tables of 16 channels: set * 256 + e
  kTablesAll = 6,    // 1 byte: the same entry for all 16 channels of a set
};

namespace detail {
constexpr uint32_t Two(int32_t low, int32_t high) {
  return (static_cast<uint32_t>(low) & 0xffffu) | static_cast<uint32_t>(high) << 16;
}
constexpr uint32_t Four(int32_t a, int32_t b, int32_t c, int32_t d) {
  return (static_cast<uint32_t>(a) & 0xffu) | (static_cast<uint32_t>(b) & 0xffu) << 8 |
         (static_cast<uint32_t>(c) & 0xffu) << 16 | static_cast<uint32_t>(d) << 24;
}
constexpr int32_t Low(uint32_t w) { return static_cast<int16_t>(w & 0xffffu); }
constexpr int32_t High(uint32_t w) { return static_cast<int16_t>(w >> 16); }
constexpr int32_t ULow(uint32_t w) { return static_cast<int32_t>(w & 0xffffu); }
constexpr int32_t UHigh(uint32_t w) { return static_cast<int32_t>(w >> 16); }
constexpr int32_t Byte(uint32_t w, int i) { return static_cast<int32_t>(w >> (8 * i) & 0xffu); }
constexpr int32_t SByte(uint32_t w, int i) { return static_cast<int8_t>(w >> (8 * i) & 0xffu); }
}  // namespace detail

// Word 0. A command starts when each semaphore of `wait` is above 0, and takes 1 from each; when it
// has finished it adds 1 to each of `signal`. Loads, stores and all others (the core's) are each
// run in order; between these three only semaphores order anything.
struct Header {
  Opcode opcode = Opcode::kEnd;
  uint8_t flags = 0, wait = 0, signal = 0;
  constexpr uint32_t Pack() const {
    return detail::Four(static_cast<int32_t>(opcode), flags, wait, signal);
  }
  static constexpr Header Unpack(uint32_t w) {
    return {static_cast<Opcode>(w & 0xffu), static_cast<uint8_t>(w >> 8),
            static_cast<uint8_t>(w >> 16), static_cast<uint8_t>(w >> 24)};
  }
};

// kLoad: `rows` rows of `words` words each, `unit` bytes a word in DRAM. The bytes of a row follow
// each other there without gaps; a row begins at a multiple of 16 bytes.
// kStore: the same in the other direction, from kActivations with unit 16.
struct Transfer {
  Header header;
  Memory memory = Memory::kActivations;
  uint32_t dram = 0;         // bytes from the DRAM base register; a multiple of 16
  uint32_t dram_pitch = 0;   // bytes from row to row; a multiple of 16
  uint32_t local = 0;        // word address in the memory
  uint32_t local_pitch = 0;  // words from row to row
  uint32_t words = 0;        // of a row: 1 to 65535
  uint32_t rows = 1;         // 1 to 65535
  uint8_t unit = 16;         // bytes of a word in DRAM: 1 to 16

  constexpr CommandWords Pack() const {
    return {header.Pack(), detail::Four(static_cast<int32_t>(memory), unit, 0, 0),
            dram,          dram_pitch,
            local,         local_pitch,
            words,         rows};
  }
  static constexpr Transfer Unpack(const CommandWords& w) {
    Transfer t;
    t.header = Header::Unpack(w[0]);
    t.memory = static_cast<Memory>(w[1] & 0xffu);
    t.unit = static_cast<uint8_t>(w[1] >> 8);
    t.dram = w[2], t.dram_pitch = w[3], t.local = w[4], t.local_pitch = w[5];
    t.words = w[6], t.rows = w[7];
    return t;
  }
};

// kOutput. Output column q of strip s and local row i becomes the pixel of row s * strip_rows + i
// and column q at base + row * row_words + q * column_words + channel / 16; rows from `height` on
// are not written.
struct Output {
  static constexpr uint8_t kSigned = 1;          // the finished values are signed (else unsigned)
  static constexpr uint8_t kWide = 2;            // int32 as they are after the shift, 4 a word:
                                                 // channel / 4; lo, hi unused
  static constexpr uint8_t kResidual = 4;        // adds a tensor of the same shape
  static constexpr uint8_t kResidualSigned = 8;  // which is signed
  Header header;
  uint32_t base = 0;
  uint16_t row_words = 0, column_words = 0;
  uint16_t height = 0, columns = 0;       // columns: of a strip, 1 to lanes
  uint16_t strip_rows = 0, offset = 0;    // offset: see Conv; 0 to 6
  uint16_t channel_base = 0, unused = 0;  // first word of kChannels
  int16_t lo = 0, hi = 255;               // of the convolution's clamp
  // kResidual: y = clamp(rshift((conv << shift_conv) + (other << shift_other), shift)) to
  // [sum_lo, sum_hi], conv already clamped. Shifts 0 to 15, `shift` 0 to 31.
  uint32_t residual_base = 0;
  uint16_t residual_row_words = 0, residual_column_words = 0;
  uint8_t shift_conv = 0, shift_other = 0, shift = 0;
  int16_t sum_lo = 0, sum_hi = 255;

  constexpr CommandWords Pack() const {
    using detail::Two;
    return {header.Pack(),
            base,
            Two(row_words, column_words),
            Two(height, columns),
            Two(strip_rows, offset),
            Two(channel_base, 0),
            Two(lo, hi),
            residual_base,
            Two(residual_row_words, residual_column_words),
            detail::Four(shift_conv, shift_other, shift, 0),
            Two(sum_lo, sum_hi)};
  }
  static constexpr Output Unpack(const CommandWords& w) {
    using namespace detail;
    Output o;
    o.header = Header::Unpack(w[0]);
    o.base = w[1];
    o.row_words = static_cast<uint16_t>(ULow(w[2]));
    o.column_words = static_cast<uint16_t>(UHigh(w[2]));
    o.height = static_cast<uint16_t>(ULow(w[3])), o.columns = static_cast<uint16_t>(UHigh(w[3]));
    o.strip_rows = static_cast<uint16_t>(ULow(w[4])), o.offset = static_cast<uint16_t>(UHigh(w[4]));
    o.channel_base = static_cast<uint16_t>(ULow(w[5]));
    o.lo = static_cast<int16_t>(Low(w[6])), o.hi = static_cast<int16_t>(High(w[6]));
    o.residual_base = w[7];
    o.residual_row_words = static_cast<uint16_t>(ULow(w[8]));
    o.residual_column_words = static_cast<uint16_t>(UHigh(w[8]));
    o.shift_conv = static_cast<uint8_t>(Byte(w[9], 0));
    o.shift_other = static_cast<uint8_t>(Byte(w[9], 1));
    o.shift = static_cast<uint8_t>(Byte(w[9], 2));
    o.sum_lo = static_cast<int16_t>(Low(w[10])), o.sum_hi = static_cast<int16_t>(High(w[10]));
    return o;
  }
};

// One filling of the product tables and its use, for each input row: an entry of kPasses. Lane n is
// column c = n % strip_lanes of strip s = n / strip_lanes and takes the 16 channels of the word at
//   Conv::base + input + row * Conv::row_words + x * Conv::column_words,
// row = s * Conv::strip_rows + r, x = x_first + c * x_step; outside of the map it takes zeros. Then
// for each output channel o and each kernel row ky that lands on an output row of the tile, `taps`
// vectors of codes are read at Conv::weights + weights + (o * kernel_h + ky) * taps + t, and
// tap t of column c is added, times 2^scale, to output column q = c - (taps - 1 - t) + offset -
// late where 0 <= q < Output::columns (so taps stand in the order of falling kernel columns).
struct Pass {
  uint32_t input = 0;    // words
  uint32_t weights = 0;  // words
  int16_t x_first = 0;
  uint8_t x_step = 1;  // 1 to 4
  uint8_t taps = 1;    // 1 to 7
  uint8_t list = 0;    // of levels
  uint8_t scale = 0;   // 0 to 7: weights cut into digits
  uint8_t late = 0;    // 0 or 1: column phases of a stride differ by one in offset

  constexpr std::array<uint32_t, 4> Pack() const {
    return {input, weights, detail::Two(x_first, x_step | taps << 8),
            detail::Four(list, scale, late, 0)};
  }
  static constexpr Pass Unpack(const std::array<uint32_t, 4>& w) {
    using namespace detail;
    return {w[0],
            w[1],
            static_cast<int16_t>(Low(w[2])),
            static_cast<uint8_t>(Byte(w[2], 2)),
            static_cast<uint8_t>(Byte(w[2], 3)),
            static_cast<uint8_t>(Byte(w[3], 0)),
            static_cast<uint8_t>(Byte(w[3], 1)),
            static_cast<uint8_t>(Byte(w[3], 2))};
  }
};

// kConv. For r = row_first ... row_last: all passes. Kernel row ky lands on local output row
// i = (r + pad_top - ky) / stride_h where that is whole and 0 <= i < out_rows. Each output row
// needs at least one r; rows outside of the map count as zeros. Partial sums of `ring` output rows
// are held, ring * outputs words: at least ceil(kernel_h / stride_h), one more to drain while the
// next row runs. An output row is finished when its last r has been through all passes. The sum of
// output column q of strip s stands in lane (s * strip_lanes + q - offset) mod lanes.
struct Conv {
  static constexpr uint8_t kSigned = 1;  // the input is signed
  Header header;
  uint32_t base = 0;
  uint16_t row_words = 0, column_words = 0;
  uint16_t height = 0, width = 0;  // of the input map, or the tile of it that is resident
  int16_t row_first = 0, row_last = 0;
  uint16_t strip_lanes = 1, strips = 1;   // strips * strip_lanes <= lanes
  uint16_t strip_rows = 0, out_rows = 1;  // strip_rows: input rows from strip to strip
  uint16_t outputs = 1, ring = 1;         // output channels
  uint16_t pass_first = 0, pass_count = 1;
  uint8_t kernel_h = 1, stride_h = 1, pad_top = 0;  // 1-7, 1-4, 0-15
  uint32_t weights = 0;                             // word address

  constexpr CommandWords Pack() const {
    using detail::Two;
    return {header.Pack(),
            base,
            Two(row_words, column_words),
            Two(height, width),
            Two(row_first, row_last),
            Two(strip_lanes, strips),
            Two(strip_rows, out_rows),
            Two(outputs, ring),
            Two(pass_first, pass_count),
            detail::Four(kernel_h, stride_h, pad_top, 0),
            weights};
  }
  static constexpr Conv Unpack(const CommandWords& w) {
    using namespace detail;
    Conv c;
    c.header = Header::Unpack(w[0]);
    c.base = w[1];
    c.row_words = static_cast<uint16_t>(ULow(w[2]));
    c.column_words = static_cast<uint16_t>(UHigh(w[2]));
    c.height = static_cast<uint16_t>(ULow(w[3])), c.width = static_cast<uint16_t>(UHigh(w[3]));
    c.row_first = static_cast<int16_t>(Low(w[4])), c.row_last = static_cast<int16_t>(High(w[4]));
    c.strip_lanes = static_cast<uint16_t>(ULow(w[5]));
    c.strips = static_cast<uint16_t>(UHigh(w[5]));
    c.strip_rows = static_cast<uint16_t>(ULow(w[6]));
    c.out_rows = static_cast<uint16_t>(UHigh(w[6]));
    c.outputs = static_cast<uint16_t>(ULow(w[7])), c.ring = static_cast<uint16_t>(UHigh(w[7]));
    c.pass_first = static_cast<uint16_t>(ULow(w[8]));
    c.pass_count = static_cast<uint16_t>(UHigh(w[8]));
    c.kernel_h = static_cast<uint8_t>(Byte(w[9], 0));
    c.stride_h = static_cast<uint8_t>(Byte(w[9], 1));
    c.pad_top = static_cast<uint8_t>(Byte(w[9], 2));
    c.weights = w[10];
    return c;
  }
};

enum class VectorOp : uint8_t {
  kMax = 0,     // the maximum over the window; padding never wins
  kMean = 1,    // clamp(rshift(sum over the window, shift)); padding adds 0
  kAdd = 2,     // clamp(rshift((a << shift_a) + (b << shift_b), shift))
  kLookup = 3,  // table[raw byte] of set `table` + word of the pixel % sets (sets: 1, or more)
  kCopy = 4,
};

// kVector. For output row y, column x and word w of a pixel: reads
//   base + row * row_words + column * column_words + w, row = y * stride_h + ky - pad_top, column
// alike, over the window (1x1 for kAdd, kLookup, kCopy; of those that lie outside of the map kMax
// takes none and the others zeros), computes in 16 bytes side by side, turns the 16 bytes up by
// `rotate` (byte b becomes byte (b + rotate) % 16) and writes those that `bytes` has a bit for, at
//   out_base + y * out_row_words + x * out_column_words + w.
struct Vector {
  static constexpr uint8_t kSigned = 1;   // a (and the output of kMax) is signed
  static constexpr uint8_t kBSigned = 2;  // b is signed
  Header header;
  VectorOp op = VectorOp::kCopy;
  uint8_t rotate = 0;       // 0 to 15
  uint16_t bytes = 0xffff;  // bit i: byte i of the output word is written
  uint32_t base = 0;
  uint16_t row_words = 0, column_words = 0;
  uint16_t height = 0, width = 0;
  uint32_t b_base = 0;  // kAdd: at the output's y, x, w; pitches of 0 spread one pixel
  uint16_t b_row_words = 0, b_column_words = 0;
  uint32_t out_base = 0;
  uint16_t out_row_words = 0, out_column_words = 0;
  uint16_t out_height = 0, out_width = 0;
  uint16_t words = 1;                           // of a pixel
  uint8_t table = 0, sets = 1;                  // kLookup
  uint8_t kernel_h = 1, kernel_w = 1;           // 1 to 255; kMean's window up to 65,536 in all
  uint8_t stride_h = 1, stride_w = 1;           // 1 to 255
  uint8_t pad_top = 0, pad_left = 0;            // 0 to 255
  uint8_t shift_a = 0, shift_b = 0, shift = 0;  // 0-15, 0-15, 0-31
  int16_t lo = 0, hi = 255;

  constexpr CommandWords Pack() const {
    using detail::Four;
    using detail::Two;
    return {header.Pack(),
            Two(static_cast<int32_t>(op) | rotate << 8, bytes),
            base,
            Two(row_words, column_words),
            Two(height, width),
            b_base,
            Two(b_row_words, b_column_words),
            out_base,
            Two(out_row_words, out_column_words),
            Two(out_height, out_width),
            Two(words, table | sets << 8),
            Four(kernel_h, kernel_w, stride_h, stride_w),
            Four(pad_top, pad_left, 0, 0),
            Four(shift_a, shift_b, shift, 0),
            Two(lo, hi)};
  }
  static constexpr Vector Unpack(const CommandWords& w) {
    using namespace detail;
    const auto u16 = [](int32_t v) { return static_cast<uint16_t>(v); };
    const auto u8 = [](int32_t v) { return static_cast<uint8_t>(v); };
    Vector v;
    v.header = Header::Unpack(w[0]);
    v.op = static_cast<VectorOp>(w[1] & 0xffu);
    v.rotate = u8(Byte(w[1], 1)), v.bytes = u16(UHigh(w[1]));
    v.base = w[2];
    v.row_words = u16(ULow(w[3])), v.column_words = u16(UHigh(w[3]));
    v.height = u16(ULow(w[4])), v.width = u16(UHigh(w[4]));
    v.b_base = w[5];
    v.b_row_words = u16(ULow(w[6])), v.b_column_words = u16(UHigh(w[6]));
    v.out_base = w[7];
    v.out_row_words = u16(ULow(w[8])), v.out_column_words = u16(UHigh(w[8]));
    v.out_height = u16(ULow(w[9])), v.out_width = u16(UHigh(w[9]));
    v.words = u16(ULow(w[10])), v.table = u8(Byte(w[10], 2)), v.sets = u8(Byte(w[10], 3));
    v.kernel_h = u8(Byte(w[11], 0)), v.kernel_w = u8(Byte(w[11], 1));
    v.stride_h = u8(Byte(w[11], 2)), v.stride_w = u8(Byte(w[11], 3));
    v.pad_top = u8(Byte(w[12], 0)), v.pad_left = u8(Byte(w[12], 1));
    v.shift_a = u8(Byte(w[13], 0)), v.shift_b = u8(Byte(w[13], 1)), v.shift = u8(Byte(w[13], 2));
    v.lo = static_cast<int16_t>(Low(w[14])), v.hi = static_cast<int16_t>(High(w[14]));
    return v;
  }
};

constexpr CommandWords PackEnd() { return {Header{}.Pack()}; }

// Registers (AXI4-Lite, byte offsets; all 32 bits). Those after kDramHigh are read only.
enum class Register : uint32_t {
  kControl = 0x00,     // write 1: start; 2: clear done and error
  kStatus = 0x04,      // bit 0: busy, 1: done, 2: error
  kCommandLow = 0x08,  // DRAM address of the commands; a multiple of 64
  kCommandHigh = 0x0c,
  kCommandCount = 0x10,  // a kEnd among them
  kDramLow = 0x14,       // base of all transfers; a multiple of 16
  kDramHigh = 0x18,
  kInterrupt = 0x1c,     // bit 0: raise on done or error
  kError = 0x20,         // ErrorCode
  kErrorCommand = 0x24,  // index of the command
  kCycles = 0x28,        // since the start
  kUseCycles = 0x2c,     // in which the array took a vector of codes
  kFillWait = 0x30,      // in which it waited for tables
  kDrainWait = 0x34,     // in which it waited for the drain
  kVectorCycles = 0x38,  // of the vector unit
  kReadBeats = 0x3c,     // of 16 bytes from DRAM, commands included
  kWriteBeats = 0x40,
  kCommandsDone = 0x44,  // commands of the core that have finished
  kIdentity = 0x80,      // "PLUT"
  kVersion = 0x84,       // 1
  kLanes = 0x88,
  kInputs = 0x8c,           // 16
  kTableKind = 0x90,        // 0: single codes of 4 bits, 1: pairs of 6 bits
  kActivationWords = 0x94,  // sizes of memories in words
  kWeightWords = 0x98,
  kChannelWords = 0x9c,
  kSumWords = 0xa0,  // partial sums of a lane
};
constexpr uint32_t kIdentityValue = 0x54554c50;

}  // namespace potlut::accel
