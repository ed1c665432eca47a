namespace Tally.AppHost.Infrastructure;

/// <summary>A third-party image as <c>images.env</c> names it: <c>registry/name:tag</c>, with <c>@sha256:…</c> where it is pinned.</summary>
internal sealed record ImageReference(string Registry, string Name, string Tag, string? Sha256)
{
    private const string DigestMark = "@sha256:";

    /// <summary>Reads the line of one image.</summary>
    /// <exception cref="EnvironmentException">There is no such line, or it names no image.</exception>
    public static ImageReference Of(string variable)
    {
        var file = Path.Combine(Repository.Root, "images.env");
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(variable + "=", StringComparison.Ordinal)) : null;
        if (line is null) throw new EnvironmentException($"{file} has no line '{variable}=…': git checkout images.env brings it back.");
        var text = line[(variable.Length + 1)..].Trim();
        return Parse(text) ?? throw new EnvironmentException($"{variable} in {file} is '{text}': expected registry/name:tag, with @sha256:digest where it is pinned.");
    }

    /// <summary>Reads it; null when it is none.</summary>
    public static ImageReference? Parse(string text)
    {
        var (image, sha256) = text.IndexOf(DigestMark, StringComparison.Ordinal) is > 0 and var mark ? (text[..mark], text[(mark + DigestMark.Length)..]) : (text, null);
        var (slash, colon) = (image.IndexOf('/', StringComparison.Ordinal), image.LastIndexOf(':'));
        return slash > 0 && colon > slash ? new ImageReference(image[..slash], image[(slash + 1)..colon], image[(colon + 1)..], sha256) : null;
    }
}
