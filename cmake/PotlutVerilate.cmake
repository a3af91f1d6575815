# potlut_verilate(TARGET arguments of verilate...): adds the simulation of a design to a target. Verilator's headers and what it
# writes do not keep to our warnings.
function(potlut_verilate target)
  verilate(${target} ${ARGN})
  target_include_directories(${target} SYSTEM PRIVATE ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd)
  target_compile_options(${target} PRIVATE -Wno-parentheses-equality)
endfunction()
