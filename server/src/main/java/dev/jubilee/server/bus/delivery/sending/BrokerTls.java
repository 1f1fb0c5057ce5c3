package dev.jubilee.server.bus.delivery.sending;

import dev.jubilee.server.config.SettingsReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * That a broker is spoken to by TLS, and whose word is taken for whom it is. Its certificate must
 * bear the name by which it is called. Immutable.
 */
public final class BrokerTls {
    private final TrustManagerFactory authorities;

    private BrokerTls(@Nullable KeyStore authorities) throws GeneralSecurityException {
        this.authorities =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        this.authorities.init(authorities); // null: those of the JDK
    }

    /**
     * Reads {@code RABBITMQ_TLS_ENABLED} and {@code RABBITMQ_TLS_CA_FILE}, or the like.
     *
     * @param broker what the names begin with
     * @return null when it is off
     */
    static @Nullable BrokerTls from(SettingsReader reader, String broker) {
        String name = broker + "_TLS_CA_FILE";
        boolean on = reader.flag(broker + "_TLS_ENABLED", false);
        String file = reader.optionalText(name);
        if (!on && file != null) {
            reader.fault(broker + "_TLS_ENABLED", "false", "true where " + name + " is set");
        }
        try {
            return on ? new BrokerTls(file == null ? null : certificates(Path.of(file))) : null;
        } catch (IOException | GeneralSecurityException | InvalidPathException e) {
            reader.fault(name, String.valueOf(file), "a PEM file of certificates");
            return null;
        }
    }

    private static KeyStore certificates(Path file) throws IOException, GeneralSecurityException {
        Collection<? extends Certificate> found;
        try (InputStream in = Files.newInputStream(file)) {
            found = CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
        if (found.isEmpty()) {
            throw new CertificateException("There is none.");
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Certificate one : found) {
            store.setCertificateEntry("authority-" + store.size(), one);
        }
        return store;
    }

    /** The authorities that are trusted. */
    TrustManagerFactory authorities() {
        return authorities;
    }

    /** For sockets that believe them. */
    SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, authorities.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JDK has TLS
        }
    }
}
