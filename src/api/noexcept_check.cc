// Compiled without exceptions: potlut.hpp must be of use there too.
#include <potlut/potlut.hpp>

bool RunOnce(const std::string& path, const std::vector<unsigned char>& image) {
  auto model = potlut::Model::Load(path);
  if (!model.ok()) return false;
  auto session = potlut::Session::Create(model.value());
  return session.ok() && session.value().Run(image).ok() && session.value().Floats().ok();
}
