// A range of another source: training and validation parts of one set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/data.h"

namespace potlut::data {

// Samples [first, last) of `source`, which must outlive it.
class Subset : public Source {
 public:
  // Errors: kUsage where the range is empty or outside the source.
  static Expected<std::unique_ptr<Source>> Create(const Source& source, int64_t first,
                                                  int64_t last);

  int64_t size() const override { return last_ - first_; }
  Expected<Sample> Get(int64_t index) const override;
  std::optional<ImageView> View(int64_t index) const override;
  const std::vector<std::string>& class_names() const override { return source_.class_names(); }

 private:
  Subset(const Source& source, int64_t first, int64_t last)
      : source_(source), first_(first), last_(last) {}

  const Source& source_;
  int64_t first_, last_;
};

}  // namespace potlut::data
