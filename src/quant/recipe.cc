// Recipes as TOML: what the user wrote, and what was resolved from it.
#include <toml++/toml.h>

#include <set>
#include <sstream>

#include "base/text.h"
#include "quant/quantize.h"

namespace potlut::quant {
namespace {

Error At(const toml::node& node, const auto&... parts) {
  return UsageError("recipe line ", node.source().begin.line, ": ", parts...);
}

// Reads keys of one table, and refuses those that nobody asked for.
class Reader {
 public:
  Reader(const toml::table& table, std::string_view where) : table_(table), where_(where) {}

  template <typename T, typename Target>
  Status Read(const char* key, Target& target) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    if constexpr (std::is_floating_point_v<T>) {
      if (const auto v = node->value<double>()) {
        target = *v;
        return {};
      }
      return At(*node, where_, key, " must be a number");
    } else {
      if (const auto v = node->value_exact<T>()) {
        target = static_cast<std::remove_cvref_t<decltype(Plain(target))>>(*v);
        return {};
      }
      return At(*node, where_, key, " must be ",
                std::is_same_v<T, bool>      ? "true or false"
                : std::is_same_v<T, int64_t> ? "a whole number"
                                             : "text");
    }
  }
  template <typename Target>
  Status ReadAlphabet(const char* key, Target& target) {
    std::optional<std::string> name;
    POTLUT_RETURN_IF_ERROR(Read<std::string>(key, name));
    if (!name) return {};
    auto kind = ParseAlphabetKind(*name);
    if (!kind.ok()) return At(*table_.get(key), kind.error().message);
    target = *kind;
    return {};
  }
  Status ReadNumbers(const char* key, std::vector<double>& target) {
    known_.insert(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    std::vector<double> values;
    if (const toml::array* list = node->as_array()) {
      for (const toml::node& element : *list) {
        const auto v = element.value<double>();
        if (!v) return At(element, where_, key, " must be a list of numbers");
        values.push_back(*v);
      }
    } else if (const auto v = node->value<double>()) {
      values.push_back(*v);
    }
    if (values.empty()) return At(*node, where_, key, " must be a number or a list of numbers");
    target = std::move(values);
    return {};
  }
  const toml::node* Take(const char* key) {
    known_.insert(key);
    return table_.get(key);
  }
  Status NothingElse() const {
    for (const auto& [key, node] : table_) {
      if (known_.count(std::string(key.str())) == 0) {
        return At(node, "unknown key '", where_, key.str(), "'");
      }
    }
    return {};
  }

 private:
  template <typename T>
  static T Plain(const std::optional<T>&);
  template <typename T>
  static T Plain(const T&);

  const toml::table& table_;
  std::string where_;
  std::set<std::string> known_;
};

Status ReadChoice(Reader& outer, const char* key, WeightChoice& choice) {
  const toml::node* node = outer.Take(key);
  if (node == nullptr) return {};
  if (!node->is_table()) return At(*node, key, " must be a table: [", key, "]");
  Reader r(*node->as_table(), Cat(key, "."));
  POTLUT_RETURN_IF_ERROR(r.ReadAlphabet("alphabet", choice.alphabet));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("bits", choice.bits));
  POTLUT_RETURN_IF_ERROR(r.Read<bool>("per-channel", choice.per_channel));
  return r.NothingElse();
}

Status ReadLayer(const toml::node& node, LayerOverride& layer) {
  if (!node.is_table()) return At(node, "layer must be a list of tables: [[layer]]");
  Reader r(*node.as_table(), "layer.");
  POTLUT_RETURN_IF_ERROR(r.Read<std::string>("pattern", layer.pattern));
  POTLUT_RETURN_IF_ERROR(r.ReadAlphabet("alphabet", layer.alphabet));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("weight-bits", layer.weight_bits));
  POTLUT_RETURN_IF_ERROR(r.Read<bool>("per-channel", layer.per_channel));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("activation-bits", layer.activation_bits));
  if (layer.pattern.empty()) return At(node, "layer.pattern is missing");
  return r.NothingElse();
}

}  // namespace

Expected<Recipe> ParseRecipe(const std::string& text) try {
  const toml::table table = toml::parse(text);
  Recipe recipe;
  Reader r(table, "");
  POTLUT_RETURN_IF_ERROR(ReadChoice(r, "weights", recipe.weights));
  POTLUT_RETURN_IF_ERROR(ReadChoice(r, "first", recipe.first));
  POTLUT_RETURN_IF_ERROR(ReadChoice(r, "last", recipe.last));
  if (r.Take("depthwise") != nullptr) {
    recipe.depthwise = recipe.weights;
    POTLUT_RETURN_IF_ERROR(ReadChoice(r, "depthwise", *recipe.depthwise));
  }
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("activation-bits", recipe.activation_bits));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("max-fitted-level", recipe.max_fitted_level));
  POTLUT_RETURN_IF_ERROR(r.Read<bool>("symmetric-pairs", recipe.symmetric_pairs));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("images", recipe.images));
  POTLUT_RETURN_IF_ERROR(r.Read<int64_t>("seed", recipe.seed));
  POTLUT_RETURN_IF_ERROR(r.ReadNumbers("mean", recipe.mean));
  POTLUT_RETURN_IF_ERROR(r.ReadNumbers("std", recipe.stddev));
  POTLUT_RETURN_IF_ERROR(r.Read<bool>("error-feedback", recipe.error_feedback));
  POTLUT_RETURN_IF_ERROR(r.Read<bool>("bias-correction", recipe.bias_correction));
  if (const toml::node* layers = r.Take("layer")) {
    if (!layers->is_array()) return At(*layers, "layer must be a list of tables: [[layer]]");
    for (const toml::node& node : *layers->as_array()) {
      POTLUT_RETURN_IF_ERROR(ReadLayer(node, recipe.layers.emplace_back()));
    }
  }
  POTLUT_RETURN_IF_ERROR(r.NothingElse());
  return recipe;
} catch (const toml::parse_error& error) {
  return UsageError("recipe line ", error.source().begin.line, ": ", error.description());
}

std::string WriteRecipe(const Recipe& recipe) {
  const auto choice = [](const WeightChoice& c) {
    return toml::table{{"alphabet", std::string(AlphabetName(c.alphabet))},
                       {"bits", c.bits},
                       {"per-channel", c.per_channel}};
  };
  const auto numbers = [](const std::vector<double>& values) {
    toml::array list;
    for (const double v : values) list.push_back(v);
    return list;
  };
  toml::table table{{"weights", choice(recipe.weights)},
                    {"first", choice(recipe.first)},
                    {"last", choice(recipe.last)},
                    {"activation-bits", recipe.activation_bits},
                    {"max-fitted-level", recipe.max_fitted_level},
                    {"images", recipe.images},
                    {"seed", static_cast<int64_t>(recipe.seed)},
                    {"mean", numbers(recipe.mean)},
                    {"std", numbers(recipe.stddev)},
                    {"error-feedback", recipe.error_feedback},
                    {"bias-correction", recipe.bias_correction}};
  if (recipe.symmetric_pairs) table.insert("symmetric-pairs", true);
  if (recipe.depthwise) table.insert("depthwise", choice(*recipe.depthwise));
  if (!recipe.layers.empty()) {
    toml::array layers;
    for (const LayerOverride& o : recipe.layers) {
      toml::table layer{{"pattern", o.pattern}};
      if (o.alphabet) layer.insert("alphabet", std::string(AlphabetName(*o.alphabet)));
      if (o.weight_bits) layer.insert("weight-bits", *o.weight_bits);
      if (o.per_channel) layer.insert("per-channel", *o.per_channel);
      if (o.activation_bits) layer.insert("activation-bits", *o.activation_bits);
      layers.push_back(std::move(layer));
    }
    table.insert("layer", std::move(layers));
  }
  std::ostringstream out;
  out << table << "\n";
  return out.str();
}

}  // namespace potlut::quant
