// A file is a row of pieces whose sizes are known in time: beginning, head, blocks, checksums.
#include "pack/stream.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "pack/layer_reader.h"

namespace potlut {
namespace {

// Space for a piece is taken at once up to here; past it, only as its bytes arrive: a size is only
// what a file says.
constexpr uint64_t kReserve = uint64_t{64} << 20;

}  // namespace

class PlutStream::Parser {
 public:
  explicit Parser(const StreamOptions& options) : options_(options) {}

  Status Feed(std::span<const uint8_t> bytes) {
    while (failure_.ok() && !bytes.empty()) {
      if (piece_ == Piece::kDone) {
        if (options_.low) return {};
        failure_ = BadInput(bytes.size(), " bytes follow the file's end");
        break;
      }
      const uint64_t missing = need_ - held_.size();
      const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(missing, bytes.size())));
      bytes = bytes.subspan(part.size());
      if (part.size() == need_) {  // a piece that is here as a whole is read where it is
        Take(part);
        continue;
      }
      Hold(part);
      if (held_.size() < need_) break;
      const std::vector<uint8_t> piece = std::exchange(held_, {});
      Take(piece);
    }
    return failure_;
  }

  Status OutOfMemory() {
    failure_ = ResourceLimit("not enough memory for this program");
    return failure_;
  }

  bool complete() const { return piece_ == Piece::kDone && failure_.ok(); }
  uint64_t expected_bytes() const {
    return options_.low && shell_.layered() ? shell_.low_bytes : shell_.file_bytes;
  }

  Expected<Program> Finish() {
    POTLUT_RETURN_IF_ERROR(failure_);
    if (piece_ != Piece::kDone) {
      failure_ =
          BadInput("the file ends early: it has ", seen_ + held_.size(),
                   shell_.file_bytes > 0 ? Cat(" of ", expected_bytes()) : std::string(), " bytes");
      return failure_;
    }
    if (!program_) return UsageError("the stream was used up");
    Program program = std::move(*program_);
    program_.reset();
    POTLUT_RETURN_IF_ERROR(Validate(program, options_.limits));
    return program;
  }

 private:
  enum class Piece { kBeginning, kLowBytes, kHead, kBlock, kLowChecksum, kEnd, kWhole, kDone };

  void Hold(std::span<const uint8_t> part) {
    if (held_.size() + part.size() > held_.capacity()) {
      const uint64_t grown =
          std::max<uint64_t>(held_.size() + part.size(), held_.capacity() / 4 * 5);
      held_.reserve(static_cast<size_t>(need_ <= kReserve ? need_ : std::min(need_, grown)));
    }
    held_.insert(held_.end(), part.begin(), part.end());
  }

  void Take(std::span<const uint8_t> piece) {
    failure_ = Read(piece);
    // Pieces of no bytes at all need no feeding.
    while (failure_.ok() && piece_ != Piece::kDone && need_ == 0) failure_ = Read({});
  }

  Status Read(std::span<const uint8_t> piece) {
    const uint32_t before = crc_;
    if (piece_ != Piece::kEnd) crc_ = Crc32c(piece, crc_);
    seen_ += piece.size();
    switch (piece_) {
      case Piece::kBeginning:
        return Beginning(piece);
      case Piece::kLowBytes:
        beginning_.insert(beginning_.end(), piece.begin(), piece.end());
        return Shell();
      case Piece::kHead:
        return Head(piece);
      case Piece::kBlock:
        POTLUT_RETURN_IF_ERROR(reader_->Next(piece));
        return NextBlock();
      case Piece::kLowChecksum:
        if (LoadU32(piece, 0) != before) return Mismatch("low reading");
        if (options_.low) return Done();
        return NextBlock();
      case Piece::kEnd:
        if (LoadU32(piece, 0) != before) return Mismatch("file");
        return Done();
      case Piece::kWhole:
        return Whole(piece);
      case Piece::kDone:
        break;
    }
    return {};
  }

  void Want(Piece piece, uint64_t bytes) {
    piece_ = piece;
    need_ = bytes;
  }

  Error Mismatch(std::string_view what) const {
    return BadInput("the ", what, " does not match its checksum at offset ",
                    seen_ - kPlutTrailerBytes);
  }

  Status Beginning(std::span<const uint8_t> piece) {
    beginning_.assign(piece.begin(), piece.end());
    if (PlutVersionOf(piece) != kPlutVersion1) return Shell();
    // The size stands where version 2 has it.
    shell_.file_bytes = uint64_t{LoadU32(piece, 16)} | uint64_t{LoadU32(piece, 20)} << 32;
    if (shell_.file_bytes <= piece.size())
      return BadInput("a file of ", shell_.file_bytes, " bytes");
    if (options_.low) {
      return UsageError("the file is not layered: 'potlut pack --layered' stores a low reading");
    }
    held_ = std::move(beginning_);
    seen_ = 0;
    Want(Piece::kWhole, shell_.file_bytes);
    return {};
  }

  Status Shell() {
    POTLUT_ASSIGN_OR_RETURN(shell_, ReadShell2(beginning_));
    if (shell_.layered() && piece_ == Piece::kBeginning) {
      Want(Piece::kLowBytes, kPlutLowBytes);
      return {};
    }
    if (options_.low && !shell_.layered()) {
      return UsageError("the file is not layered: 'potlut pack --layered' stores a low reading");
    }
    if (shell_.blocks_at() + kPlutTrailerBytes > shell_.file_bytes) {
      return BadInput("a head of ", shell_.head_bytes, " bytes (offset 12) does not fit into ",
                      shell_.file_bytes, " bytes");
    }
    Want(Piece::kHead, uint64_t{shell_.head_bytes} + kPlutTrailerBytes);
    return {};
  }

  Status Head(std::span<const uint8_t> piece) {
    const auto head = piece.first(shell_.head_bytes);
    if (LoadU32(piece, shell_.head_bytes) != Crc32c(head, Crc32c(beginning_)))
      return Mismatch("head");
    POTLUT_ASSIGN_OR_RETURN(LayerReader reader,
                            LayerReader::Open(shell_, head, options_.low, options_.limits));
    if (options_.low) POTLUT_RETURN_IF_ERROR(CheckLowBits(reader.head().low, options_.low_bits));
    reader_ = std::move(reader);
    return NextBlock();
  }

  Status NextBlock() {
    if (reader_->AtLowEnd() && piece_ != Piece::kLowChecksum) {
      Want(Piece::kLowChecksum, kPlutTrailerBytes);
    } else if (const auto size = reader_->NextSize()) {
      Want(Piece::kBlock, *size);
    } else {
      Want(Piece::kEnd, kPlutTrailerBytes);
    }
    return {};
  }

  Status Whole(std::span<const uint8_t> piece) {
    POTLUT_ASSIGN_OR_RETURN(program_, Unpack(piece, options_.limits));
    Want(Piece::kDone, 0);
    return {};
  }

  Status Done() {
    POTLUT_ASSIGN_OR_RETURN(program_, std::move(*reader_).Take());
    reader_.reset();
    Want(Piece::kDone, 0);
    return {};
  }

  const StreamOptions options_;
  Status failure_;
  Piece piece_ = Piece::kBeginning;
  uint64_t need_ = kPlutShellBytes;  // bytes of this piece
  std::vector<uint8_t> held_;        // of them those that have come
  uint64_t seen_ = 0;                // bytes before this piece
  uint32_t crc_ = 0;                 // of them
  std::vector<uint8_t> beginning_;
  Shell2 shell_;
  std::optional<LayerReader> reader_;
  std::optional<Program> program_;
};

PlutStream::PlutStream(const StreamOptions& options) : parser_(std::make_unique<Parser>(options)) {}
PlutStream::PlutStream(PlutStream&&) noexcept = default;
PlutStream& PlutStream::operator=(PlutStream&&) noexcept = default;
PlutStream::~PlutStream() = default;

Status PlutStream::Feed(std::span<const uint8_t> bytes) try {
  return parser_->Feed(bytes);
} catch (const std::bad_alloc&) {
  return parser_->OutOfMemory();
}

bool PlutStream::complete() const { return parser_->complete(); }
uint64_t PlutStream::expected_bytes() const { return parser_->expected_bytes(); }

Expected<Program> PlutStream::Finish() try {
  return parser_->Finish();
} catch (const std::bad_alloc&) {
  return parser_->OutOfMemory();
}

}  // namespace potlut
