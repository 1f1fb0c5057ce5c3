package dev.jubilee.server.embedded;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The exclusive right to a data folder. The kernel gives it up when the process ends, however it
 * ends.
 */
final class HomeLock implements AutoCloseable {
    private final FileChannel channel;

    private HomeLock(FileChannel channel) {
        this.channel = channel;
    }

    static HomeLock take(Path home) {
        Path file = home.resolve("lock");
        FileChannel channel;
        try {
            channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new EmbeddedException(
                    "Cannot write to the data folder " + home + ": " + reason(e), e);
        }
        try {
            if (!locked(channel)) {
                throw new EmbeddedException(
                        "The data folder "
                                + home
                                + " is in use by process "
                                + holder(file)
                                + ". Stop that one, or set JUBILEE_HOME to another folder.");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(
                            (ProcessHandle.current().pid() + "\n")
                                    .getBytes(StandardCharsets.US_ASCII)));
            return new HomeLock(channel);
        } catch (IOException e) {
            closeQuietly(channel);
            throw new EmbeddedException(
                    "Cannot write to the data folder " + home + ": " + reason(e), e);
        } catch (EmbeddedException e) {
            closeQuietly(channel);
            throw e;
        }
    }

    /** Who holds the folder at this moment. */
    static OptionalLong holderOf(Path home) {
        Path file = home.resolve("lock");
        if (!Files.exists(file)) {
            return OptionalLong.empty();
        }
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            String holder = holder(file);
            return !locked(channel) && holder.matches("\\d+")
                    ? OptionalLong.of(Long.parseLong(holder))
                    : OptionalLong.empty();
        } catch (IOException e) {
            throw new EmbeddedException("Cannot read " + file + ": " + reason(e), e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            @Nullable FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException heldByThisProcess) {
            return false;
        }
    }

    private static String holder(Path file) {
        try {
            String pid = Files.readString(file).strip();
            return pid.isEmpty() ? "(unknown)" : pid;
        } catch (IOException e) {
            return "(unknown)";
        }
    }

    /** What the operating system said, without the path that it repeats. */
    static String reason(IOException e) {
        if (e instanceof java.nio.file.AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof java.nio.file.FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return String.valueOf(e.getMessage());
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was written through it that matters.
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }
}
