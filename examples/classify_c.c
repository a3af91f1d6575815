/* Classifies a picture: classify_c MODEL.plut IMAGE.ppm (binary PPM of the model's size). */
#include <math.h>
#include <potlut/potlut.h>
#include <stdio.h>
#include <stdlib.h>

static int Fail(const char* message) {
  fprintf(stderr, "classify_c: %s\n", message);
  return 1;
}

int main(int argc, char** argv) {
  potlut_error error;
  potlut_model* model = NULL;
  potlut_session* session = NULL;
  potlut_tensor_info in, out;
  if (argc != 3) return Fail("usage: classify_c MODEL.plut IMAGE.ppm");
  if (potlut_model_load_file(argv[1], POTLUT_ISA_AUTO, &model, &error) != POTLUT_OK ||
      potlut_model_input(model, &in, &error) != POTLUT_OK ||
      potlut_model_output(model, 0, &out, &error) != POTLUT_OK ||
      potlut_session_create(model, NULL, 0, &session, &error) != POTLUT_OK) {
    return Fail(error.message);
  }

  FILE* file = fopen(argv[2], "rb");
  unsigned char* image = malloc(in.bytes);
  float* scores = malloc(out.count * sizeof(float));
  int width = 0, height = 0, most = 0;
  if (file == NULL || image == NULL || scores == NULL) return Fail("cannot open the image");
  if (fscanf(file, "P6 %d %d %d", &width, &height, &most) != 3 || fgetc(file) == EOF ||
      most != 255 || width != in.width || height != in.height || in.channels != 3 ||
      fread(image, 1, in.bytes, file) != in.bytes) {
    return Fail("the image must be a binary PPM (P6, 8 bits) of the size that the model reads");
  }
  fclose(file);

  if (potlut_session_run(session, image, in.bytes, &error) != POTLUT_OK ||
      potlut_session_output_float(session, 0, scores, out.count, &error) != POTLUT_OK) {
    return Fail(error.message);
  }
  for (size_t rank = 0; rank < 5 && rank < out.count; ++rank) {
    size_t best = 0;
    for (size_t i = 1; i < out.count; ++i) {
      if (scores[i] > scores[best]) best = i;
    }
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
