// The table method needs no multiplier: read off the machine code of the reference convolution's
// inner loops.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace potlut {
namespace {

// Function to the mnemonics of its instructions, for the x86-64 code in an archive; empty where
// objdump cannot be run.
std::map<std::string, std::vector<std::string>> Disassemble(const std::string& archive) {
  std::map<std::string, std::vector<std::string>> functions;
  const std::string command = "objdump -d -C --no-show-raw-insn '" + archive + "' 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return functions;
  std::vector<std::string>* body = nullptr;
  char buffer[8192];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) {
    const std::string line = buffer;
    // "0000000000000000 <potlut::Name(int)>:" and then "  10:\timul   %eax,%ebx".
    const size_t name = line.find('<');
    const size_t tab = line.find('\t');
    if (line.ends_with(">:\n") && name == 17) {
      body = &functions[line.substr(name + 1, line.size() - name - 4)];
    } else if (body != nullptr && tab != std::string::npos) {
      const size_t end = line.find_first_of(" \t\n", tab + 1);
      body->push_back(line.substr(tab + 1, end - tab - 1));
    }
  }
  pclose(pipe);
  return functions;
}

bool Multiplies(const std::string& mnemonic) {
  return mnemonic.find("mul") != std::string::npos || mnemonic.starts_with("vpdp") ||
         mnemonic.find("madd") != std::string::npos || mnemonic.starts_with("vfma");
}

bool ShiftsLeft(const std::string& mnemonic) {
  return mnemonic.starts_with("shl") || mnemonic.starts_with("sal") ||
         mnemonic.starts_with("rol") || mnemonic.starts_with("psll") ||
         mnemonic.starts_with("vpsll");
}

struct Found {
  int functions = 0, instructions = 0, multiplications = 0, shifts = 0;
  std::string listing;  // of what multiplies or shifts
};

Found Look(const std::map<std::string, std::vector<std::string>>& code, const std::string& part) {
  Found found;
  for (const auto& [name, body] : code) {
    if (name.find(part) == std::string::npos) continue;
    ++found.functions;
    for (const std::string& mnemonic : body) {
      ++found.instructions;
      found.multiplications += Multiplies(mnemonic) ? 1 : 0;
      found.shifts += ShiftsLeft(mnemonic) ? 1 : 0;
      if (Multiplies(mnemonic) || ShiftsLeft(mnemonic))
        found.listing += name + ": " + mnemonic + "\n";
    }
  }
  return found;
}

TEST(NoMultiply, TheTableMethodOnlyIndexesAndAdds) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "this test reads x86-64 machine code, and this is another machine";
#endif
#if !defined(__OPTIMIZE__)
  GTEST_SKIP() << "without optimisation the compiler shifts to form addresses";
#endif
  const auto code = Disassemble(POTLUT_PROGRAM_ARCHIVE);
  if (code.empty()) GTEST_SKIP() << "objdump (package binutils) could not be run";

  const Found inner = Look(code, "TableConvDot");
  EXPECT_GE(inner.functions, 1);
  EXPECT_GE(inner.instructions, 5);
  EXPECT_EQ(inner.multiplications, 0) << inner.listing;
  EXPECT_EQ(inner.shifts, 0) << inner.listing;

  // The table is filled by additions too. (Once a row, a compiler may choose the row's end by a
  // shift.)
  const Found fill = Look(code, "TableConvFill");
  EXPECT_GE(fill.functions, 1);
  EXPECT_EQ(fill.multiplications, 0) << fill.listing;

  // The same look at the other two methods finds what they are named for.
  EXPECT_GE(Look(code, "MultiplyConv").multiplications, 1);
  EXPECT_GE(Look(code, "ShiftConv").shifts, 1);
  EXPECT_EQ(Look(code, "ShiftConv").multiplications, 0) << Look(code, "ShiftConv").listing;
}

}  // namespace
}  // namespace potlut
