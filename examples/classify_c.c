/* Classifies a picture: classify_c MODEL.plut IMAGE.ppm (binary PPM of the model's size). */
#include <math.h>
#include <potlut/potlut.h>

#include "ppm.h"

int main(int argc, char** argv) {
  potlut_error error = {POTLUT_USAGE, "usage: classify_c MODEL.plut IMAGE.ppm"};
  potlut_model* model = NULL;
  potlut_session* session = NULL;
  potlut_tensor_info in, out;
  unsigned char* image = NULL;
  float* scores = NULL;
  if (argc != 3 || potlut_model_load_file(argv[1], POTLUT_ISA_AUTO, &model, &error) ||
      potlut_model_input(model, &in, &error) || potlut_model_output(model, 0, &out, &error) ||
      potlut_session_create(model, NULL, 0, &session, &error)) {
    return fprintf(stderr, "classify_c: %s\n", error.message), (int)error.status;
  }
  image = in.channels == 3 ? ReadPpm(argv[2], in.width, in.height) : NULL;
  scores = malloc(out.count * sizeof(float));
  if (image == NULL || scores == NULL) {
    fprintf(stderr, "classify_c: %s must be a %dx%d PPM\n", argv[2], (int)in.width, (int)in.height);
    return POTLUT_BAD_INPUT;
  }
  if (potlut_session_run(session, image, in.bytes, &error) ||
      potlut_session_output_float(session, 0, scores, out.count, &error)) {
    return fprintf(stderr, "classify_c: %s\n", error.message), (int)error.status;
  }
  for (size_t rank = 0; rank < 5 && rank < out.count; ++rank) {
    size_t best = 0;
    for (size_t i = 1; i < out.count; ++i) best = scores[i] > scores[best] ? i : best;
    const char* name = potlut_model_class_name(model, best);
    printf("%9.4f  %s\n", scores[best], name == NULL ? "(no name)" : name);
    scores[best] = -INFINITY;
  }
  free(scores);
  free(image);
  potlut_session_free(session);
  potlut_model_free(model);
  return 0;
}
