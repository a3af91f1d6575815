// The families of networks, one function each: they append everything from input to classifier.
#pragma once

#include "zoo/net_builder.h"

namespace potlut::zoo {

// ResNets for small images (He et al., 2016, section 4.2): three stages of `blocks` basic blocks.
// Where a stage begins, `projected` shortcuts are 1x1 convolutions (option B), others are every
// second pixel, with zero channels on both sides (option A).
void CifarResNet(NetBuilder& net, int blocks, bool projected);

// The ResNet-8 of MLPerf Tiny (Banbury et al., 2021): one block a stage, TensorFlow's padding,
// shortcuts of 1x1 convolutions without batch normalisation. The source's convolutions also have
// biases before batch normalisation; they change nothing and are left out.
void TinyResNet8(NetBuilder& net);

// ResNets for large images (He et al., 2016, table 1, as torchvision has them): `blocks` a stage,
// basic ones, or bottlenecks with the stride in their 3x3 convolution.
void ImageNetResNet(NetBuilder& net, const int (&blocks)[4], bool bottleneck);

// MobileNetV2 (Sandler et al., 2018, table 2, as torchvision has it).
void MobileNetV2(NetBuilder& net);

// EfficientNet-lite0 (Tan and Le, 2019, B0 without squeeze-and-excitation and with ReLU6;
// TensorFlow's padding). Its stem and head keep their channels whatever the width multiplier.
void EfficientNetLite0(NetBuilder& net);

// ShuffleNetV2 (Ma et al., 2018, table 5, as torchvision has it): channels of the three stages and
// of the last convolution.
void ShuffleNetV2(NetBuilder& net, const int (&stages)[3], int last);

}  // namespace potlut::zoo
