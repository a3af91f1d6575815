// Tests of the bookkeeping of axes.
#include "onnx/layout.h"

#include <gtest/gtest.h>

namespace potlut::onnx {
namespace {

using Role = std::optional<Dim>;

TEST(Layout, RegroupSplitsAndJoinsWholeAxes) {
  const Layout map = MapLayout({12, 5, 7}, 1);
  EXPECT_EQ(map.Text(), "[N, C:12, H:5, W:7]");
  EXPECT_EQ(Regrouped(map, {1, 3, 4, 35})->Text(), "[N, C:3/4, C:4, H:5*W:7]");
  EXPECT_EQ(*Regrouped(*Regrouped(map, {1, 3, 4, 35}), {1, 12, 5, 7}), map);
  EXPECT_EQ(Regrouped(map, {1, 2, 3, 2, 1, 5, 7})->Text(), "[N, C:2/6, C:3/2, C:2, 1, H:5, W:7]");
  EXPECT_EQ(Regrouped(map, {1, 420})->Text(), "[N, C:12*H:5*W:7]");
  EXPECT_FALSE(Regrouped(map, {1, 5, 84}).has_value()) << "5 does not divide 12";
  EXPECT_FALSE(Regrouped(map, {12, 5, 7}).has_value()) << "no batch";
  EXPECT_FALSE(Regrouped(map, {1, 12, 5}).has_value()) << "elements left over";
  EXPECT_FALSE(Regrouped(map, {1, 12, 5, 7, 2}).has_value()) << "more than there are";
  EXPECT_FALSE(Regrouped(Layout{}, {1}).has_value());
  const Layout three = MapLayout({12, 5, 7}, 3);
  EXPECT_TRUE(Regrouped(three, {3, 420}).has_value());
  EXPECT_FALSE(Regrouped(three, {1, 1260}).has_value());
}

TEST(Layout, ChannelOrder) {
  const Layout map = MapLayout({12, 5, 7}, 1);
  const auto order = [](const Layout& layout) { return ChannelOrderOf(layout).kind; };
  EXPECT_EQ(order(map), ChannelOrder::Kind::kInOrder);
  const Layout split = *Regrouped(map, {1, 3, 4, 5, 7});
  EXPECT_EQ(order(split), ChannelOrder::Kind::kSplit);
  const Layout shuffled = *Regrouped(Transposed(split, {0, 2, 1, 3, 4}), {1, 12, 5, 7});
  EXPECT_EQ(order(shuffled), ChannelOrder::Kind::kShuffle);
  EXPECT_EQ(ChannelOrderOf(shuffled).groups, 3);
  EXPECT_EQ(WithWholeChannels(shuffled, 12), map);
  const Layout three = *Regrouped(map, {1, 2, 3, 2, 35});
  const Layout turned = *Regrouped(Transposed(three, {0, 3, 2, 1, 4}), {1, 12, 35});
  EXPECT_EQ(order(turned), ChannelOrder::Kind::kSplit) << "no single shuffle";
}

TEST(Layout, RolesOfSizeOneAxes) {
  const auto roles = [](const Layout& layout, const graph::Shape& shape) {
    return Roles(layout, shape);
  };
  const std::vector<Role> nchw{Dim::kBatch, Dim::kC, Dim::kH, Dim::kW};
  const std::vector<Role> nhwc{Dim::kBatch, Dim::kH, Dim::kW, Dim::kC};
  for (const graph::Shape& shape :
       {graph::Shape{3, 5, 7}, graph::Shape{1, 5, 7}, graph::Shape{3, 1, 7}, graph::Shape{3, 1, 1},
        graph::Shape{1, 5, 1}}) {
    const Layout map = MapLayout(shape, 1);
    EXPECT_EQ(roles(map, shape), nchw);
    if (shape.c > 1 || shape.h > 1) {
      EXPECT_EQ(roles(Transposed(map, {0, 2, 3, 1}), shape), nhwc) << map.Text();
    }
  }
  const Layout flat = *Regrouped(MapLayout({3, 5, 7}, 1), {1, 3, 35});
  EXPECT_EQ(roles(flat, {3, 5, 7}), (std::vector<Role>{Dim::kBatch, Dim::kC, std::nullopt}));
}

}  // namespace
}  // namespace potlut::onnx
