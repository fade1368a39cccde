/** The shaders of the map: a point for each item, and a quad for each picture. */

/** Places are in units of the map; u_view has the centre, and the map's unit in halves of the window. */
export const DOTS_VERTEX = `#version 300 es
in vec2 a_place;
in vec4 a_style; // colour; below one half alpha: filtered out
in float a_look; // shape, plus 8 if selected
uniform vec4 u_view;
uniform float u_size;
uniform float u_front;
out vec4 v_colour;
flat out int v_shape;
flat out float v_size;
void main() {
  bool front = a_style.a > 0.5;
  bool selected = a_look > 7.5;
  v_colour = a_style;
  v_shape = int(mod(a_look, 8.0) + 0.5);
  v_size = u_size * (selected ? 1.6 : front ? 1.0 : 0.7) * (v_shape == 0 ? 1.0 : 1.25) + 1.0;
  gl_PointSize = v_size;
  vec2 place = (a_place - u_view.xy) * u_view.zw;
  gl_Position = front == (u_front > 0.5) ? vec4(place, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;

export const DOTS_FRAGMENT = `#version 300 es
precision mediump float;
in vec4 v_colour;
flat in int v_shape;
flat in float v_size;
uniform vec2 u_alpha; // of those in front, and of those behind
out vec4 colour;
void main() {
  float solid = v_colour.a > 0.5 ? u_alpha.x : u_alpha.y;
  if (v_size < 4.0) {
    // No shape can be seen, and this takes half the time where there is no graphics card.
    colour = vec4(v_colour.rgb, solid);
    return;
  }
  vec2 p = (gl_PointCoord - 0.5) * 2.0;
  vec2 q = abs(p);
  float d = length(p);
  if (v_shape == 1) d = max(q.x, q.y) + 0.15;
  else if (v_shape == 2) d = q.x + q.y;
  else if (v_shape == 3) d = max(q.x * 0.9 + p.y * -0.5 + 0.25, p.y + 0.25);
  else if (v_shape == 4) d = max(d, 1.1 - d + 0.4);
  else if (v_shape == 5) d = min(q.x, q.y) * 3.0 > 1.0 ? 2.0 : max(q.x, q.y);
  float edge = 2.0 / v_size;
  float alpha = 1.0 - smoothstep(1.0 - edge, 1.0, d);
  if (alpha <= 0.0) discard;
  colour = vec4(v_colour.rgb, alpha * solid);
}`;

/** A picture in a frame of its item's colour; u_picture is the side in halves of the window, then in pixels. */
export const PICTURES_VERTEX = `#version 300 es
in vec2 a_corner;
in vec2 a_place;
in vec3 a_cell; // left and top in the page, from 0 to 1, and the layer
in vec4 a_extent; // width and height in the page; width and height as shares of the side
in vec4 a_colour;
uniform vec4 u_view;
uniform vec4 u_picture;
out vec3 v_at;
out vec2 v_pixel;
flat out vec2 v_pixels;
flat out vec4 v_bounds;
flat out vec4 v_colour;
void main() {
  v_pixels = a_extent.zw * u_picture.z;
  vec2 frame = vec2(u_picture.w);
  vec2 share = (v_pixels + 2.0 * frame) / u_picture.z;
  v_pixel = a_corner * (v_pixels + 2.0 * frame) - frame;
  v_at = vec3(a_cell.xy + v_pixel / v_pixels * a_extent.xy, a_cell.z);
  v_bounds = vec4(a_cell.xy, a_cell.xy + a_extent.xy);
  v_colour = a_colour;
  vec2 place = (a_place - u_view.xy) * u_view.zw;
  vec2 offset = (a_corner - 0.5) * share * u_picture.xy * vec2(1.0, -1.0);
  gl_Position = vec4(place + offset, 0.0, 1.0);
}`;

export const PICTURES_FRAGMENT = `#version 300 es
precision mediump float;
precision mediump sampler2DArray;
in vec3 v_at;
in vec2 v_pixel;
flat in vec2 v_pixels;
flat in vec4 v_bounds;
flat in vec4 v_colour;
uniform sampler2DArray u_pages;
uniform float u_ink; // 1: only bright strokes are drawn, in the item's colour
uniform float u_texel;
out vec4 colour;
void main() {
  vec2 at = clamp(v_at.xy, v_bounds.xy + u_texel, v_bounds.zw - u_texel);
  vec3 pixel = texture(u_pages, vec3(at, v_at.z)).rgb;
  bool inside = v_pixel.x >= 0.0 && v_pixel.y >= 0.0 && v_pixel.x <= v_pixels.x && v_pixel.y <= v_pixels.y;
  vec4 framed = inside ? vec4(pixel, 1.0) : vec4(v_colour.rgb, 1.0);
  vec4 inked = inside ? vec4(v_colour.rgb, pow(max(pixel.r, max(pixel.g, pixel.b)), 0.8)) : vec4(v_colour.rgb, 0.0);
  colour = mix(framed, inked, u_ink);
}`;
