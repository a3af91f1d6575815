// Engines take turns of some twentieths of a second, so that what else the machine does meets all
// of them; the first run of a turn, with a cold cache, is left out.
#include "peers/measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "base/text.h"
#include "data/data.h"
#include "pack/plut.h"

namespace potlut::peers {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

size_t First(const std::vector<float>& values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

double Difference(const std::vector<float>& want, const std::vector<float>& got) {
  double off = 0, all = 0;
  for (size_t i = 0; i < want.size() && i < got.size(); ++i) {
    off += std::pow(static_cast<double>(got[i]) - want[i], 2);
    all += std::pow(static_cast<double>(want[i]), 2);
  }
  return all > 0 ? std::sqrt(off / all) : off;
}

}  // namespace

Expected<std::unique_ptr<Peer>> MakePeer(const std::string& engine, const Source& source) {
  if (engine == "potlut") return MakePotlut(source);
  if (engine == "onnxruntime") return MakeOnnxRuntime(source);
  if (engine == "onednn") return MakeOneDnn(source, false);
  if (engine == "onednn-winograd") return MakeOneDnn(source, true);
  if (engine == "xnnpack") return MakeXnnpack(source);
  return UsageError("there is no engine '", engine, "'");
}

Expected<std::vector<std::vector<uint8_t>>> Images(const std::string& plut_path,
                                                   const std::string& data, int64_t count) {
  POTLUT_ASSIGN_OR_RETURN(const Program program, LoadProgram(plut_path));
  const Dims dims = program.tensors[static_cast<size_t>(program.input)].dims;
  POTLUT_ASSIGN_OR_RETURN(const auto source,
                          data::Open(data, data::Split::kTest, {dims.h, dims.w, dims.c, 0}));
  std::vector<std::vector<uint8_t>> images;
  const int64_t size = source->size();
  for (int64_t i = 0; i < std::min(count, size); ++i) {
    POTLUT_ASSIGN_OR_RETURN(const data::Sample sample, source->Get(i));
    images.emplace_back(sample.image.pixels.begin(), sample.image.pixels.end());
  }
  return images;
}

Expected<Json> TimeEngines(const std::vector<std::string>& engines, const Source& source,
                           const std::string& data, double seconds) {
  POTLUT_ASSIGN_OR_RETURN(const auto images, Images(source.plut_path, data, 16));
  Json report = Json::object();
  struct Entry {
    std::string name;
    std::unique_ptr<Peer> peer;
    std::vector<double> times;
  };
  std::vector<Entry> entries;
  std::vector<std::vector<float>> wanted;
  for (const std::string& engine : engines) {
    const auto begin = Clock::now();
    auto peer = MakePeer(engine, source);
    if (!peer.ok()) {
      report[engine] = {{"missing", peer.error().message}};
      continue;
    }
    report[engine]["load_ms"] = Since(begin) * 1e3;
    int64_t same = 0, equal = 0;
    double error = 0;
    for (size_t i = 0; i < images.size(); ++i) {
      POTLUT_RETURN_IF_ERROR((*peer)->Run(images[i]));
      const std::vector<float> values = (*peer)->Output();
      if (wanted.size() <= i) wanted.push_back(values);
      same += First(values) == First(wanted[i]) ? 1 : 0;
      equal += values == wanted[i] ? 1 : 0;
      error = std::max(error, Difference(wanted[i], values));
    }
    report[engine]["images"] = images.size();
    report[engine]["same_top1"] = same;
    report[engine]["equal_outputs"] = equal;
    report[engine]["error"] = error;
    entries.push_back({engine, std::move(*peer), {}});
  }
  const double turn = 0.05;
  const auto begin = Clock::now();
  while (Since(begin) < seconds * static_cast<double>(entries.size()) ||
         (!entries.empty() && entries.back().times.size() < 5)) {
    for (Entry& entry : entries) {
      const auto turn_begin = Clock::now();
      bool cold = true;
      for (size_t runs = 0; runs < 2 || Since(turn_begin) < turn; ++runs) {
        const auto run_begin = Clock::now();
        POTLUT_RETURN_IF_ERROR(entry.peer->Run(images[runs % images.size()]));
        if (!cold) entry.times.push_back(Since(run_begin) * 1e6);
        cold = false;
      }
    }
  }
  for (Entry& entry : entries) {
    std::sort(entry.times.begin(), entry.times.end());
    Json& line = report[entry.name];
    line["runs"] = entry.times.size();
    line["min_us"] = entry.times.front();
    line["median_us"] = entry.times[entry.times.size() / 2];
  }
  return report;
}

Expected<Json> MeasureMemory(const std::string& engine, const Source& source,
                             const std::string& data) {
  POTLUT_ASSIGN_OR_RETURN(const auto images, Images(source.plut_path, data, 1));
  double load_ms = 0;
  std::unique_ptr<Peer> peer;
  if (engine != "none") {
    // Twice, as the first opening also pays for the file's and the library's way from the disk.
    for (int i = 0; i < 2; ++i) {
      peer.reset();
      const auto begin = Clock::now();
      auto made = MakePeer(engine, source);
      if (!made.ok()) return Json{{"missing", made.error().message}};
      load_ms = Since(begin) * 1e3;
      peer = std::move(*made);
      if (engine == "onnxruntime") break;  // its sessions are left to the end of the process
    }
    for (int i = 0; i < 3; ++i) POTLUT_RETURN_IF_ERROR(peer->Run(images[0]));
  }
  std::ifstream status("/proc/self/status");
  int64_t peak = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> peak;
  }
  return Json{{"load_ms", load_ms}, {"peak_kib", peak}};
}

Expected<Json> CountAgreement(const std::string& engine, const Source& source,
                              const std::string& data, int64_t images) {
  POTLUT_ASSIGN_OR_RETURN(const auto all, Images(source.plut_path, data, images));
  POTLUT_ASSIGN_OR_RETURN(const auto own, MakePeer("potlut", source));
  POTLUT_ASSIGN_OR_RETURN(const auto other, MakePeer(engine, source));
  int64_t same = 0, equal = 0;
  for (const auto& image : all) {
    POTLUT_RETURN_IF_ERROR(own->Run(image));
    POTLUT_RETURN_IF_ERROR(other->Run(image));
    const auto want = own->Output(), got = other->Output();
    same += First(want) == First(got) ? 1 : 0;
    equal += want == got ? 1 : 0;
  }
  return Json{{"images", all.size()}, {"same_top1", same}, {"equal_outputs", equal}};
}

}  // namespace potlut::peers
