// Variants of the dot-product array, and the timing that they share.
//
// The ternary tree adds TERMS terms (a power of two) and the accumulator: threes of terms first, then a chain over what is
// left, whose last adder takes the accumulator. A term that enters the chain late is read late, so that it waits as an
// address that all lanes share, not as a sum that each lane would have to keep.
package pe_pkg;
  localparam int PLUT = 0;            // product table of one weight code, ping-pong
  localparam int PLUT_PAIR = 1;       // table of sums of two products, one index for two weights
  localparam int SHIFT_TEXTBOOK = 2;  // shifter and sign, binary adder tree
  localparam int SHIFT_TERNARY = 3;   // the same, ternary adder tree
  localparam int SHIFT_FUSED = 4;     // the shifter's last stage inside the adder's LUTs
  localparam int MULT = 5;            // multiplier of WB x AB bits (LUTs or DSP48E2, as synthesis is told)
  localparam int PLUT_HALF = 6;       // pairs of a symmetric list: half a table, and a sign in the code

  // Groups of three in the first level; operands of the chain; its stages after the first.
  function automatic int groups(input int terms);
    groups = (terms - 1) / 3;
    if ((terms - 3 * groups + groups) % 2 != 0) groups = groups - 1;
  endfunction
  function automatic int operands(input int terms);
    operands = terms - 2 * groups(terms);
  endfunction
  function automatic int last_stage(input int terms);
    last_stage = (operands(terms) - 2) / 2;
  endfunction
  // The stage of the chain that operand o enters.
  function automatic int stage(input int o);
    stage = (o < 3) ? 0 : (o - 1) / 2;
  endfunction
  // Cycles by which term i is read after the first.
  function automatic int term_delay(input int terms, input int i);
    if (i < 3 * groups(terms)) term_delay = stage(i / 3);
    else term_delay = stage(groups(terms) + i - 3 * groups(terms)) + 1;
  endfunction
  // Carries in. Slot i belongs to term i; this is the delay of its bit behind the first address.
  function automatic int carry_rank(input int terms, input int i);
    if (i < 3 * groups(terms)) carry_rank = i / 3;
    else carry_rank = groups(terms) + i - 3 * groups(terms);
  endfunction
  function automatic int carry_delay(input int terms, input int i);
    if (i < 3 * groups(terms) && i % 3 != 2) carry_delay = term_delay(terms, i) + 1;
    else carry_delay = carry_rank(terms, i) / 2 + 2;
  endfunction

  function automatic int log2(input int v);
    log2 = 0;
    while ((1 << log2) < v) log2 = log2 + 1;
  endfunction

  // Bits that a sum of terms of tw bits takes after stage s of the chain.
  function automatic int chain_width(input int terms, input int tw, input int s);
    if (2 * s + 3 <= groups(terms)) chain_width = tw + log2(3 * (2 * s + 3));
    else chain_width = tw + log2(2 * groups(terms) + 2 * s + 3);
  endfunction

  // dot_signed: cycles by which term i is read after the first, and by which carry i comes after the first terms.
  function automatic int half_delay(input int i);
    half_delay = (i < 6) ? 0 : 1;
  endfunction
  function automatic int half_carry(input int i);
    half_carry = (i < 6) ? i / 3 : 2;
  endfunction

  // The level of adder i of a binary tree, numbered breadth first from the leaves; the accumulator's is the last.
  function automatic int node_level(input int terms, input int i);
    node_level = 0;
    while (i >= terms - (terms >> (node_level + 1)) && node_level < log2(terms)) node_level = node_level + 1;
  endfunction

  // Clock edges from codes at the input to y; acc_in and acc_en belong to the cycle before the last of them.
  function automatic int latency(input int kind, input int k);
    if (kind == SHIFT_TEXTBOOK) latency = 3 + log2(k);
    else if (kind == SHIFT_FUSED) latency = k + 3;
    else if (kind == PLUT_PAIR) latency = last_stage(k / 2) + 4;
    else if (kind == PLUT_HALF) latency = 5;
    else latency = last_stage(k) + 4;
  endfunction
endpackage
