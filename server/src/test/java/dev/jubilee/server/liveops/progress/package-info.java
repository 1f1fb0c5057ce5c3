@NullMarked
package dev.jubilee.server.liveops.progress;

import org.jspecify.annotations.NullMarked;
