package dev.jubilee.server.bus.subscriptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts what must not stand in the database as it is: AES-256-GCM, each text under a nonce of
 * its own, bound to what it belongs to, so that it is of no use elsewhere. Thread-safe.
 */
public final class SecretBox {
    private static final String FILE = "secret.key";
    private static final String CIPHER = "AES/GCM/NoPadding";
    private static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecretKey key;
    private final SecureRandom random = new SecureRandom();

    private SecretBox(byte[] key) {
        this.key = new SecretKeySpec(key, "AES");
    }

    /** It was encrypted with another key, or changed since. */
    public static final class Undecipherable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Undecipherable(GeneralSecurityException cause) {
            super("cannot be decrypted: was JUBILEE_SECRET_KEY or secret.key changed?", cause);
        }
    }

    static boolean isKey(String base64) {
        try {
            return Base64.getDecoder().decode(base64).length == KEY_BYTES;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * With the key that was set, or the one in {@code secret.key} of the data folder, which is made
     * when it is not there.
     */
    public static SecretBox open(Path home, @Nullable String configured) {
        if (configured != null) {
            return new SecretBox(Base64.getDecoder().decode(configured));
        }
        Path file = home.resolve(FILE);
        try {
            if (!Files.exists(file)) {
                make(file);
            }
            String key = Files.readString(file).strip();
            if (!isKey(key)) {
                throw new IOException("it holds no key, which is 32 bytes in Base64");
            }
            return new SecretBox(Base64.getDecoder().decode(key));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static void make(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        byte[] bytes = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(bytes);
        FileAttribute<?>[] ownerOnly =
                Files.getFileStore(file.toAbsolutePath().getParent())
                                .supportsFileAttributeView("posix")
                        ? new FileAttribute<?>[] {
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-------"))
                        }
                        : new FileAttribute<?>[0];
        Path fresh =
                Files.createTempFile(
                        file.toAbsolutePath().getParent(), FILE + ".", ".new", ownerOnly);
        try {
            Files.writeString(fresh, Base64.getEncoder().encodeToString(bytes) + "\n");
            // Whole or not at all, and never in the place of another.
            Files.createLink(file, fresh);
        } catch (FileAlreadyExistsException e) {
            // Another start was faster; its key is the one.
        } catch (FileSystemException | UnsupportedOperationException e) {
            // A file system without links.
            if (!Files.exists(file)) {
                Files.move(fresh, file);
            }
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Encrypts a text. */
    String seal(String text, String belongsTo) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] sealed =
                run(Cipher.ENCRYPT_MODE, nonce, text.getBytes(StandardCharsets.UTF_8), belongsTo);
        byte[] all = Arrays.copyOf(nonce, nonce.length + sealed.length);
        System.arraycopy(sealed, 0, all, nonce.length, sealed.length);
        return Base64.getEncoder().encodeToString(all);
    }

    /**
     * Decrypts what {@link #seal} made for the same thing.
     *
     * @throws Undecipherable if it did not
     */
    String open(String sealed, String belongsTo) {
        byte[] all = Base64.getDecoder().decode(sealed);
        byte[] nonce = Arrays.copyOf(all, NONCE_BYTES);
        byte[] text =
                run(
                        Cipher.DECRYPT_MODE,
                        nonce,
                        Arrays.copyOfRange(all, NONCE_BYTES, all.length),
                        belongsTo);
        return new String(text, StandardCharsets.UTF_8);
    }

    private byte[] run(int mode, byte[] nonce, byte[] bytes, String belongsTo) {
        try {
            Cipher cipher = Cipher.getInstance(CIPHER);
            cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(belongsTo.getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new Undecipherable(e);
        }
    }
}
