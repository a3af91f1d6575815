// What one process measures: engines in turn on one network, or what one engine needs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/json.h"
#include "peers/peer.h"

namespace potlut::peers {

using cli::Json;

inline constexpr const char* kEngines[] = {"potlut", "onnxruntime", "onednn", "onednn-winograd",
                                           "xnnpack"};

Expected<std::unique_ptr<Peer>> MakePeer(const std::string& engine, const Source& source);

// Images of a data set (as `potlut eval --data` takes it) in the size that a program reads.
Expected<std::vector<std::vector<uint8_t>>> Images(const std::string& plut_path,
                                                   const std::string& data, int64_t count);

// Makes every engine, compares outputs with the first one's on some images, then times them in
// turns for about `seconds` each. By engine: "min_us", "median_us", "runs", "load_ms", "same_top1",
// "error" (root mean square of the difference over that of the values), or "missing" (why).
Expected<Json> TimeEngines(const std::vector<std::string>& engines, const Source& source,
                           const std::string& data, double seconds);

// Loads and runs one engine: "load_ms", "peak_kib".
Expected<Json> MeasureMemory(const std::string& engine, const Source& source,
                             const std::string& data);

// How many of the images get the same first class from potlut and the engine.
Expected<Json> CountAgreement(const std::string& engine, const Source& source,
                              const std::string& data, int64_t images);

}  // namespace potlut::peers
