// ONNX graph to float graph: finds what the outputs need, in an order in which it can run, and
// hands each node to its operator.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "onnx/graph_builder.h"
#include "onnx/import.h"
#include "onnx/model_reader.h"

namespace potlut::onnx {

class Importer {
 public:
  // Takes the model: initialisers are freed as they are read.
  Importer(Model model, std::string folder, const ImportOptions& options);
  Expected<graph::Graph> Run();

 private:
  struct Producer {
    int32_t node;
    int32_t output;
  };

  Status IndexNames();
  Status FindLive();                       // fills live_ and readers_
  Expected<std::vector<int32_t>> Order();  // live nodes, each after what it reads
  Status MakeInput();
  Status RunNode(int32_t index);
  Status MakeOutputs();
  void Prune();  // graph nodes that only shapes were taken from
  void SetMetadata();

  Expected<const Value*> ValueOf(const std::string& name);
  // The integers of an initialiser or Constant node; none where there are no or too many.
  std::vector<int64_t> StoredIntegers(const std::string& name);
  std::string NameOf(int32_t index) const;

  Model model_;
  pb::GraphProto& source_;
  GraphBuilder builder_;
  std::map<std::string, int32_t> initializers_;
  std::map<std::string, int32_t> inputs_;  // graph inputs that are no initialisers
  std::map<std::string, Producer> producers_;
  std::map<std::string, std::vector<int32_t>> readers_;  // live nodes; outputs have an entry
  std::vector<bool> live_;
  std::vector<std::string> node_names_;
  std::string input_name_;
  bool channels_last_ = false;
  std::map<std::string, Value> values_;
};

}  // namespace potlut::onnx
