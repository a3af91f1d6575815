// SGD with Nesterov's momentum as PyTorch defines it, and AdamW (I. Loshchilov, F. Hutter,
// "Decoupled Weight Decay Regularization", 2019).
#include "train/optimiser.h"

#include <cmath>

#include "base/text.h"

namespace potlut::train {
namespace {

class Sgd : public Optimiser {
 public:
  Sgd(std::vector<Parameter> parameters, const OptimiserOptions& options)
      : Optimiser(std::move(parameters), options) {
    for (const Parameter& p : parameters_) velocity_.push_back(at::zeros_like(p.tensor.detach()));
  }

  NamedTensors State() const override {
    NamedTensors state;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      state.emplace_back(Cat("velocity.", parameters_[i].name), velocity_[i]);
    }
    return state;
  }

 protected:
  void Move(size_t index, at::Tensor& tensor, const at::Tensor& gradient, double rate,
            double decay) override {
    at::Tensor g = decay > 0 ? gradient.add(tensor, decay) : gradient;
    at::Tensor& v = velocity_[index];
    v.mul_(options_.momentum).add_(g);
    tensor.add_(g, -rate).add_(v, -rate * options_.momentum);
  }

 private:
  std::vector<at::Tensor> velocity_;
};

class AdamW : public Optimiser {
 public:
  AdamW(std::vector<Parameter> parameters, const OptimiserOptions& options)
      : Optimiser(std::move(parameters), options), steps_(at::zeros({1}, at::kDouble)) {
    for (const Parameter& p : parameters_) {
      mean_.push_back(at::zeros_like(p.tensor.detach()));
      square_.push_back(at::zeros_like(p.tensor.detach()));
    }
  }

  NamedTensors State() const override {
    NamedTensors state{{"steps", steps_}};
    for (size_t i = 0; i < parameters_.size(); ++i) {
      state.emplace_back(Cat("mean.", parameters_[i].name), mean_[i]);
      state.emplace_back(Cat("square.", parameters_[i].name), square_[i]);
    }
    return state;
  }

 protected:
  void BeginStep() override {
    steps_.add_(1);
    const double steps = steps_.item<double>();
    correct_mean_ = 1 - std::pow(options_.beta1, steps);
    correct_square_ = 1 - std::pow(options_.beta2, steps);
  }

  void Move(size_t index, at::Tensor& tensor, const at::Tensor& gradient, double rate,
            double decay) override {
    if (decay > 0) tensor.mul_(1 - rate * decay);
    at::Tensor& m = mean_[index];
    at::Tensor& s = square_[index];
    m.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    s.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const at::Tensor deviation = s.sqrt().div_(std::sqrt(correct_square_)).add_(options_.epsilon);
    tensor.addcdiv_(m, deviation, -rate / correct_mean_);
  }

 private:
  std::vector<at::Tensor> mean_, square_;
  at::Tensor steps_;  // on the CPU: only read by BeginStep
  double correct_mean_ = 1, correct_square_ = 1;
};

}  // namespace

void Optimiser::ZeroGradients() {
  for (Parameter& p : parameters_) p.tensor.mutable_grad().reset();
}

void Optimiser::Step(double rate) {
  const at::NoGradGuard no_grad;
  BeginStep();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = parameters_[i];
    const at::Tensor gradient = p.tensor.grad();
    if (!gradient.defined()) continue;
    const double own = p.kind == Parameter::Kind::kScale ? rate * options_.scale_rate : rate;
    Move(i, p.tensor, gradient, own,
         p.kind == Parameter::Kind::kWeight ? options_.weight_decay : 0);
  }
}

std::unique_ptr<Optimiser> MakeOptimiser(std::vector<Parameter> parameters,
                                         const OptimiserOptions& options) {
  if (options.kind == OptimiserKind::kSgd)
    return std::make_unique<Sgd>(std::move(parameters), options);
  return std::make_unique<AdamW>(std::move(parameters), options);
}

}  // namespace potlut::train
