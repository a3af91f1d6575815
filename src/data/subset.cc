// Indices moved by where the range begins.
#include "data/subset.h"

#include "base/text.h"

namespace potlut::data {

Expected<std::unique_ptr<Source>> Subset::Create(const Source& source, int64_t first,
                                                 int64_t last) {
  if (first < 0 || last > source.size() || first >= last) {
    return UsageError("samples ", first, " to ", last, " of a set of ", source.size(),
                      ": the range is empty or outside the set");
  }
  return std::unique_ptr<Source>(new Subset(source, first, last));
}

Expected<Sample> Subset::Get(int64_t index) const {
  if (index < 0 || index >= size()) return UsageError("sample ", index, " of a set of ", size());
  return source_.Get(first_ + index);
}

std::optional<ImageView> Subset::View(int64_t index) const {
  if (index < 0 || index >= size()) return std::nullopt;
  return source_.View(first_ + index);
}

}  // namespace potlut::data
