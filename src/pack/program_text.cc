// Prints programs.
#include "pack/program_text.h"

#include <cstdint>

#include "base/text.h"
#include "pack/op_fields.h"

namespace potlut {
namespace {

uint64_t Fnv1a(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return hash;
}

template <typename List>
std::string ListText(const List& list) {
  std::string all, first;
  size_t count = 0;
  for (const auto v : list) {
    all += Cat(count > 0 ? " " : "", +v);
    if (++count == 8) first = all;
  }
  if (count <= 24) return Cat("[", all, "]");
  return Cat("[", first, " ...; ", count, ", fnv1a ", Fnv1a(all), "]");
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// Codec of OpFields that prints.
class FieldPrinter {
 public:
  explicit FieldPrinter(std::string& out) : out_(out) {}
  void Int(const int32_t& v, std::string_view name) { out_ += Cat(" ", name, "=", v); }
  void Flag(const bool& v, std::string_view name) { out_ += Cat(" ", name, "=", v); }
  void Same(const int32_t&, const int32_t&) {}

 private:
  std::string& out_;
};

}  // namespace

std::string ProgramText(const Program& program) {
  std::string out;
  for (const auto& [key, value] : program.metadata)
    out += Cat("metadata ", Quoted(key), " = ", Quoted(value), "\n");
  for (size_t i = 0; i < program.tensors.size(); ++i) {
    const Tensor& t = program.tensors[i];
    out += Cat("tensor ", i, " ", Quoted(t.name), " ", t.dims.h, "x", t.dims.w, "x", t.dims.c, " ",
               t.type.is_signed ? "s" : "u", int{t.type.bits}, " exponent=", t.exponent,
               " factor=", ListText(t.factor), "\n");
  }
  for (const Node& node : program.nodes) {
    out += Cat("node ", Quoted(node.name), " ", OpName(node.op), " ", ListText(node.inputs), " -> ",
               node.output);
    FieldPrinter printer(out);
    std::visit([&](const auto& op) { OpFields(printer, op); }, node.op);
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) {
      out += Cat("\n  alphabet ", AlphabetName(conv->alphabet.kind), " ", conv->alphabet.bits, " ",
                 ListText(conv->alphabet.levels), "\n  shift ", ListText(conv->shift), "\n  bias ",
                 ListText(conv->bias), "\n  codes ", ListText(conv->codes));
    } else if (const auto* lookup = std::get_if<LookupOp>(&node.op)) {
      out += Cat("\n  table ", ListText(lookup->table));
    }
    out += "\n";
  }
  return out + Cat("input ", program.input, " outputs ", ListText(program.outputs), "\n");
}

}  // namespace potlut
