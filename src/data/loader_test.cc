// The same bytes from any number of threads, processes and beginnings; errors and bounds.
#include "data/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "base/text.h"

namespace potlut::data {
namespace {

// `size` images whose bytes tell their number; number `broken` cannot be read.
class NumberedSource : public Source {
 public:
  explicit NumberedSource(int64_t size, bool views = false, int64_t broken = -1)
      : broken_(broken), views_(views) {
    for (int64_t i = 0; i < size; ++i) {
      Image image{8, 8, 3, std::vector<uint8_t>(8 * 8 * 3)};
      for (size_t k = 0; k < image.pixels.size(); ++k) {
        image.pixels[k] = static_cast<uint8_t>(i * 7 + static_cast<int64_t>(k));
      }
      images_.push_back(std::move(image));
    }
  }
  int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  Expected<Sample> Get(int64_t index) const override {
    ++read_;
    const std::string name = Cat("image-", index, ".png");
    if (index == broken_) return BadInput(name, ": damaged");
    return Sample{name, images_[static_cast<size_t>(index)], static_cast<int32_t>(index)};
  }
  std::optional<ImageView> View(int64_t index) const override {
    if (!views_ || index == broken_) return {};
    const Image& image = images_[static_cast<size_t>(index)];
    return ImageView{image.h, image.w, image.c, image.pixels.data(), static_cast<int32_t>(index)};
  }
  const std::vector<std::string>& class_names() const override { return names_; }
  int64_t read() const { return read_; }

 private:
  std::vector<Image> images_;
  std::vector<std::string> names_;
  int64_t broken_;
  bool views_;
  mutable std::atomic<int64_t> read_{0};
};

LoaderOptions Training(int32_t batch, int threads) {
  LoaderOptions options{.h = 8, .w = 8, .c = 3, .batch = batch, .shuffle = true, .seed = 7};
  options.augmentation = {.crop_padding = 2, .flip = true, .cutout = 3};
  options.threads = threads;
  return options;
}

// All batches of an epoch from `first` on.
std::vector<Batch> Drain(const Source& source, const LoaderOptions& options, int64_t epoch = 0,
                         int64_t first = 0) {
  std::vector<Batch> batches;
  const auto loader = Loader::Create(source, options);
  EXPECT_TRUE(loader.ok()) << loader.error().message;
  EXPECT_TRUE((*loader)->StartEpoch(epoch, first).ok());
  for (;;) {
    auto batch = (*loader)->Next();
    EXPECT_TRUE(batch.ok()) << batch.error().message;
    if (!batch.ok() || !batch->has_value()) break;
    EXPECT_EQ((*batch)->index, first + static_cast<int64_t>(batches.size()));
    batches.push_back(std::move(**batch));
  }
  EXPECT_EQ(first + static_cast<int64_t>(batches.size()), (*loader)->batches());
  return batches;
}

// Label to pixels, for the whole epoch.
std::map<int32_t, std::vector<uint8_t>> ByLabel(const std::vector<Batch>& batches) {
  std::map<int32_t, std::vector<uint8_t>> images;
  for (const Batch& batch : batches) {
    EXPECT_EQ(batch.labels.size(), static_cast<size_t>(batch.count));
    for (size_t i = 0; i < batch.labels.size(); ++i) {
      const auto begin = batch.pixels.begin() + static_cast<ptrdiff_t>(i * 192);
      EXPECT_TRUE(images.emplace(batch.labels[i], std::vector<uint8_t>(begin, begin + 192)).second);
    }
  }
  return images;
}

void ExpectSame(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].labels, b[i].labels) << "batch " << a[i].index;
    EXPECT_TRUE(a[i].pixels == b[i].pixels) << "batch " << a[i].index;
  }
}

TEST(Loader, GivesTheSourceInOrderWithoutOptions) {
  const NumberedSource source(10);
  const auto batches = Drain(source, {.h = 8, .w = 8, .c = 3, .batch = 4});
  ASSERT_EQ(batches.size(), 3U);
  EXPECT_EQ(batches[2].count, 2);
  EXPECT_EQ(batches[1].labels, (std::vector<int32_t>{4, 5, 6, 7}));
  for (const auto& [label, pixels] : ByLabel(batches)) {
    EXPECT_EQ(pixels, source.Get(label)->image.pixels);
  }
}

TEST(Loader, AnyThreadCountGivesTheSameBytes) {
  const NumberedSource source(203), views(203, true);
  const auto expected = Drain(source, Training(40, 0), 3);
  for (const int threads : {1, 2, 5}) ExpectSame(Drain(source, Training(40, threads), 3), expected);
  ExpectSame(Drain(views, Training(40, 2), 3), expected);
}

TEST(Loader, ASampleDependsOnSeedEpochAndIndexOnly) {
  const NumberedSource source(100);
  const auto expected = ByLabel(Drain(source, Training(16, 1), 5));
  EXPECT_EQ(expected.size(), 100U);
  LoaderOptions other = Training(33, 2);
  other.shuffle = false;
  EXPECT_EQ(ByLabel(Drain(source, other, 5)), expected);
  EXPECT_NE(ByLabel(Drain(source, Training(16, 1), 6)), expected);
  other = Training(16, 1);
  other.seed = 8;
  EXPECT_NE(ByLabel(Drain(source, other, 5)), expected);
}

TEST(Loader, ResumesInsideAnEpoch) {
  const NumberedSource source(100);
  const auto whole = Drain(source, Training(16, 2), 4);
  const auto rest = Drain(source, Training(16, 2), 4, 3);
  ExpectSame(rest, std::vector<Batch>(whole.begin() + 3, whole.end()));
  EXPECT_TRUE(Drain(source, Training(16, 2), 4, 7).empty());
  const auto loader = Loader::Create(source, Training(16, 2));
  EXPECT_EQ((*loader)->StartEpoch(0, 8).code(), ErrorCode::kUsage);
  EXPECT_EQ((*loader)->StartEpoch(0, -1).code(), ErrorCode::kUsage);
}

TEST(Loader, ShufflesAnewEachEpoch) {
  const NumberedSource source(50);
  std::set<std::vector<int32_t>> orders;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    const auto batches = Drain(source, Training(50, 1), epoch);
    std::vector<int32_t> sorted = batches[0].labels;
    orders.insert(sorted);
    std::sort(sorted.begin(), sorted.end());
    for (int32_t i = 0; i < 50; ++i) EXPECT_EQ(sorted[static_cast<size_t>(i)], i);
  }
  EXPECT_EQ(orders.size(), 4U);
}

TEST(Loader, ProcessesShareTheBatchesOfOne) {
  for (const int64_t size : {96, 97, 103}) {
    const NumberedSource source(size);
    const auto whole = Drain(source, Training(24, 1), 1);
    std::vector<std::vector<Batch>> ranks;
    for (int32_t rank = 0; rank < 3; ++rank) {
      LoaderOptions options = Training(8, 1);
      options.rank = rank;
      options.world_size = 3;
      ranks.push_back(Drain(source, options, 1));
      ASSERT_EQ(ranks.back().size(), whole.size());
    }
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_EQ(ByLabel({ranks[0][i], ranks[1][i], ranks[2][i]}), ByLabel({whole[i]}));
    }
  }
}

TEST(Loader, DropsTheLastBatch) {
  const NumberedSource source(10);
  LoaderOptions options = Training(4, 1);
  options.drop_last = true;
  EXPECT_EQ(Drain(source, options).size(), 2U);
  options.batch = 11;
  const auto none = Loader::Create(source, options);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
}

TEST(Loader, ReadsNoFurtherAheadThanPrefetch) {
  const NumberedSource source(1000);
  LoaderOptions options = Training(10, 3);
  options.prefetch = 2;
  const auto loader = Loader::Create(source, options);
  ASSERT_TRUE((*loader)->StartEpoch(0).ok());
  for (int64_t delivered = 0; delivered < 5; ++delivered) {
    // Threads that could run ahead get the time to.
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_LE(source.read(), (delivered + 2) * 10);
    ASSERT_TRUE((*loader)->Next()->has_value());
  }
}

TEST(Loader, AnErrorComesInItsPlaceAndStays) {
  const NumberedSource source(100, false, 57);
  for (const int threads : {0, 1, 4}) {
    LoaderOptions options{.h = 8, .w = 8, .c = 3, .batch = 20};
    options.threads = threads;
    const auto loader = Loader::Create(source, options);
    EXPECT_FALSE((*loader)->Next().ok()) << "before StartEpoch";
    for (int epoch = 0; epoch < 2; ++epoch) {
      ASSERT_TRUE((*loader)->StartEpoch(epoch).ok());
      EXPECT_TRUE((*loader)->Next()->has_value());
      EXPECT_TRUE((*loader)->Next()->has_value());
      for (int repeat = 0; repeat < 2; ++repeat) {
        const auto batch = (*loader)->Next();
        ASSERT_FALSE(batch.ok());
        EXPECT_EQ(batch.error().code, ErrorCode::kBadInput);
        EXPECT_EQ(batch.error().message, "image-57.png: damaged");
      }
    }
  }
}

TEST(Loader, WrongSizesNameTheSample) {
  for (const bool views : {false, true}) {
    const NumberedSource source(5, views);
    for (LoaderOptions options : {LoaderOptions{.h = 9, .w = 8, .c = 3, .batch = 2},
                                  LoaderOptions{.h = 8, .w = 8, .c = 1, .batch = 2}}) {
      const auto loader = Loader::Create(source, options);
      ASSERT_TRUE((*loader)->StartEpoch(0).ok());
      const auto batch = (*loader)->Next();
      ASSERT_FALSE(batch.ok());
      EXPECT_EQ(batch.error().code, ErrorCode::kUsage);
      EXPECT_TRUE(batch.error().message.starts_with("image-0.png: ")) << batch.error().message;
    }
  }
}

TEST(Loader, StopsInTheMiddle) {
  const NumberedSource source(500);
  const auto expected = Drain(source, Training(10, 0), 9);
  const auto loader = Loader::Create(source, Training(10, 4));
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    ASSERT_TRUE((*loader)->StartEpoch(epoch).ok());
    for (int64_t i = 0; i < epoch % 4; ++i) ASSERT_TRUE((*loader)->Next()->has_value());
  }
  auto batch = (*loader)->Next();  // the second of epoch 9, after its first
  ASSERT_TRUE(batch.ok() && batch->has_value());
  EXPECT_EQ((*batch)->labels, expected[1].labels);
  EXPECT_EQ((*batch)->pixels, expected[1].pixels);
}  // the destructor ends threads that wait for room

TEST(Loader, RefusesWhatMakesNoSense) {
  const NumberedSource source(10);
  const auto refused = [&](auto change) {
    LoaderOptions options = Training(4, 1);
    change(options);
    const auto loader = Loader::Create(source, options);
    return !loader.ok() && loader.error().code == ErrorCode::kUsage;
  };
  EXPECT_FALSE(refused([](LoaderOptions&) {}));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.batch = 0; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.h = 0; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.batch = o.h = o.w = INT32_MAX; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.threads = -1; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.prefetch = 0; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.rank = 1; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.augmentation.cutout = -1; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.augmentation.random_resized_crop = true; }));
  EXPECT_TRUE(refused([](LoaderOptions& o) { o.augmentation.min_area = 0; }));
}

TEST(Subset, IsARangeOfItsSource) {
  for (const bool views : {false, true}) {
    const NumberedSource source(10, views);
    const auto part = Subset::Create(source, 6, 9);
    ASSERT_TRUE(part.ok());
    EXPECT_EQ((*part)->size(), 3);
    EXPECT_EQ((*part)->Get(0)->label, 6);
    EXPECT_FALSE((*part)->Get(3).ok());
    EXPECT_FALSE((*part)->Get(-1).ok());
    EXPECT_EQ((*part)->View(2).has_value(), views);
    EXPECT_FALSE((*part)->View(3).has_value());
    if (views) {
      EXPECT_EQ((*part)->View(2)->label, 8);
    }
    EXPECT_FALSE(Subset::Create(source, 0, 11).ok());
    EXPECT_FALSE(Subset::Create(source, 4, 4).ok());
    EXPECT_FALSE(Subset::Create(source, -1, 4).ok());
  }
}

}  // namespace
}  // namespace potlut::data
